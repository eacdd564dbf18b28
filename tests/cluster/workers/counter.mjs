// Adds 1 to a counter until it is told to stop, whatever becomes of the servers meanwhile.

import { ConnectionFailed, connect, RevisionMismatch, Timeout } from "slipstream-kv";

// As long as electing a leader may take, and then some.
const TIMEOUT = 20_000;
const KEYS = 20;

const [url, name] = process.argv.slice(2);
const said = { sure: 0, unknown: 0, conflicts: 0, stale: 0 };
const connection = await connect(url, { timeout: TIMEOUT });
const store = await connection.store("counters");
console.log(JSON.stringify("ready"));
let told = false;
process.stdin.once("data", () => {
  told = true;
  process.stdin.destroy();
});

while (!told) {
  try {
    const entry = await store.get("counter");
    const value = String(Number(entry.value) + 1);
    const version = await store.update("counter", value, entry.version);
    said.sure += 1;
    // What this handle wrote, or something newer (R5).
    const again = await store.get("counter");
    said.stale += again === null || Buffer.compare(again.version, version) < 0 ? 1 : 0;
    await store.put(`${name}.${said.sure % KEYS}`, value);
  } catch (error) {
    if (error instanceof RevisionMismatch) said.conflicts += 1;
    else if (error instanceof Timeout || error instanceof ConnectionFailed) {
      // A put that is unknown counts for nothing, and one too many is no harm: it only widens what
      // the counter may be.
      said.unknown += error.outcomeUnknown ? 1 : 0;
    } else throw error;
  }
}
console.log(JSON.stringify(said));
await connection.close();
