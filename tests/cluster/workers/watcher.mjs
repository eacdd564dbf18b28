// Folds what a watch tells into a table, up to a key that is the last.

import { connect } from "slipstream-kv";

const LAST = "end";

const [url, cursor] = process.argv.slice(2);
const table = {};
// Of each update: its version and the position after it.
const seen = [];
const connection = await connect(url);
const store = await connection.store("counters");
console.log(JSON.stringify("watching"));
for await (const update of store.watch("", { cursor: Buffer.from(cursor, "hex") })) {
  if (update.type !== "put") throw new Error(`nobody made a ${update.type}`);
  seen.push([update.version.toString("hex"), update.cursor.toString("hex")]);
  table[update.key] = update.value.toString();
  if (update.key === LAST) break;
}
console.log(JSON.stringify({ table, seen }));
await connection.close();
