// `await store.get(k)` on `memory:`, a `Map` lookup, and the same get as a napi `async fn`.

import { createRequire } from "node:module";
import { connect } from "slipstream-kv";
import { KEYS, measure, rounds, sample, VALUE } from "./measure.mjs";

const { filled } = createRequire(import.meta.url)(process.env.BASELINE_NODE);
const ROW = "node-get-memory";
const many = sample(200_000);
const few = many.slice(0, 20_000);

const conn = await connect("memory:");
const store = await conn.store("bench");
for (const key of KEYS) await store.put(key, VALUE);
// A value of its own for each key, as the store has.
const map = new Map(KEYS.map((key) => [key, Buffer.from(VALUE)]));
const baseline = await filled("memory:", KEYS, VALUE);

async function ours() {
  for (const key of many) await store.get(key);
}

async function lookup() {
  let bytes = 0;
  for (const key of many) bytes += map.get(key).length;
  return bytes;
}

async function promiseACall() {
  for (const key of few) await baseline.get(key);
}

for (let round = 0; round < rounds; round++) {
  await measure(ROW, "slipstream", round, many.length, ours);
  await measure(ROW, "Map.get", round, many.length, lookup);
  await measure(ROW, "napi async fn", round, few.length, promiseACall);
}
await conn.close();
