// `for await` over a watch that has a million updates ready.

import { connect } from "slipstream-kv";
import { measure, rounds, VALUE } from "./measure.mjs";

const ROW = "node-watch";
const UPDATES = 1_000_000;

const conn = await connect("memory:");
const store = await conn.store("bench");
for (let n = 0; n < UPDATES; n++) await store.put(`node.${String(n).padStart(7, "0")}`, VALUE);

async function items() {
  let left = UPDATES;
  for await (const _ of store.watch("")) if (--left === 0) break;
}

async function fields() {
  let left = UPDATES;
  let bytes = 0;
  for await (const update of store.watch("")) {
    bytes += update.key.length + update.value.length;
    if (--left === 0) break;
  }
  return bytes;
}

async function batches() {
  let left = UPDATES;
  for await (const batch of store.watch("").batches()) {
    left -= batch.length;
    if (left === 0) break;
  }
}

for (let round = 0; round < rounds; round++) {
  await measure(ROW, "slipstream", round, UPDATES, items);
  await measure(ROW, "slipstream, key and value read", round, UPDATES, fields);
  await measure(ROW, "slipstream, batches()", round, UPDATES, batches);
}
await conn.close();
