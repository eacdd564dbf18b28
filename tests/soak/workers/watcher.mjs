// Notes the version of every update up to the key that is the last.

import { once } from "node:events";
import { connect } from "slipstream-kv";
import { live } from "slipstream-kv/debug";

const connection = await connect(process.argv[2], { timeout: 60_000 });
const store = await connection.store("soak");
const seen = [];
console.log(JSON.stringify("watching"));
for await (const update of store.watch("")) {
  seen.push(Number(update.version.readBigUInt64BE()));
  if (update.key === "end") break;
}
console.log(JSON.stringify({ seen, live: live() }));
process.stdin.resume();
await once(process.stdin, "end");
await connection.close();
