// The Node tool of the demo. `run.py` tells it what to do, one JSON line at a time.

import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { RevisionMismatch, connect } from "slipstream-kv";

const conn = await connect(process.argv[2]);
const store = await conn.store("demo");

const tool = {
  async read(key) {
    const entry = await store.get(key);
    say(`get ${key} -> ${entry.value}`);
    return [entry.value.toString(), entry.version.toString("hex")];
  },

  async update(key, value, version) {
    try {
      await store.update(key, value, Buffer.from(version, "hex"));
    } catch (error) {
      if (!(error instanceof RevisionMismatch)) throw error;
      say(`update ${key} = ${value} -> ${error.code}: somebody was faster`);
      return error.code;
    }
    say(`update ${key} = ${value} -> done`);
    return "done";
  },

  /** Tells `count` updates as they come, and answers the key of each. */
  async follow(prefix, count) {
    for await (const update of store.watch(prefix)) {
      say(`watch: ${update.type} ${update.key} = ${update.value ?? ""}`);
      answer(update.key);
      if (--count === 0) break;
    }
    return "all";
  },

  /** Handles jobs, and saves after each where it stands, until somebody kills it. */
  async handle(cursorFile, handledFile) {
    const watch = store.watch("job.");
    await watch.synced();
    answer("watching");
    for await (const update of watch) {
      appendFileSync(handledFile, `${update.key}\n`);
      // Written aside and renamed, so that a kill at any moment leaves a whole cursor.
      writeFileSync(`${cursorFile}.new`, update.cursor);
      renameSync(`${cursorFile}.new`, cursorFile);
    }
  },
};

function say(text) {
  console.log(JSON.stringify({ say: text }));
}

function answer(value) {
  console.log(JSON.stringify({ answer: value }));
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  answer(await tool[command.do](...command.with));
}
await conn.close();
