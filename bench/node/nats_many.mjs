// Reads of a thousand keys: `getMany`, and as many `get`s in flight on the same client.

import assert from "node:assert/strict";
import { connect } from "slipstream-kv";
import { inFlight } from "./in_flight.mjs";
import { measure, rounds, row, VALUE } from "./measure.mjs";
import { BUCKET, sample, URL_OF_SERVER } from "./nats_data.mjs";

const KEYS = 1_000;
const TURNS = 20;

const conn = await connect(URL_OF_SERVER);
const store = await conn.store(BUCKET);

async function many(turns) {
  for (const keys of turns) for (const entry of await store.getMany(keys)) complete(entry);
}

async function each(turns) {
  for (const keys of turns) {
    await inFlight(keys, KEYS, async (key) => complete(await store.get(key)));
  }
}

function complete(entry) {
  assert.equal(entry.value.length, VALUE.length);
}

const turnsOf = (round) =>
  Array.from({ length: TURNS }, (_, turn) => sample(KEYS, round * TURNS + turn));

for (const read of [many, each]) await read(turnsOf(rounds));
for (let round = 0; round < rounds; round++) {
  const turns = turnsOf(round);
  const operations = TURNS * KEYS;
  await measure(row, "slipstream getMany", round, operations, () => many(turns));
  await measure(row, "slipstream, 1,000 gets in flight", round, operations, () => each(turns));
}
await conn.close();
