// Adds 1 to a counter as often as it is told, with nothing but `get` and `update`.

import { once } from "node:events";
import { connect, RevisionMismatch } from "slipstream-kv";

const [url, times] = process.argv.slice(2);
const connection = await connect(url);
const store = await connection.store("counters");
console.log(JSON.stringify("ready"));
await once(process.stdin, "data");
process.stdin.destroy();

let conflicts = 0;
for (let left = Number(times); left > 0; ) {
  const { value, version } = await store.get("counter");
  try {
    await store.update("counter", String(Number(value) + 1), version);
    left -= 1;
  } catch (error) {
    if (!(error instanceof RevisionMismatch)) throw error;
    conflicts += 1;
  }
}
console.log(JSON.stringify({ conflicts }));
await connection.close();
