// `scan("")` of a hundred thousand keys, counted in entries.

import assert from "node:assert/strict";
import { connect } from "slipstream-kv";
import { KEYS, measure, rounds, VALUE } from "./measure.mjs";

const ROW = "node-scan";

const conn = await connect("memory:");
const store = await conn.store("bench");
for (const key of KEYS) await store.put(key, VALUE);
const map = new Map(KEYS.map((key) => [key, VALUE]));

async function ours() {
  assert.equal((await store.scan("")).length, KEYS.length);
}

async function floor() {
  assert.equal([...map].sort(([a], [b]) => (a < b ? -1 : 1)).length, KEYS.length);
}

for (let round = 0; round < rounds; round++) {
  await measure(ROW, "slipstream", round, KEYS.length, ours);
  await measure(ROW, "sorted Map", round, KEYS.length, floor);
}
await conn.close();
