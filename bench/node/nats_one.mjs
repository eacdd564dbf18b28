// `get` on a nats-server, one at a time.

import assert from "node:assert/strict";
import { connect } from "slipstream-kv";
import { measureEach, rounds, row, VALUE } from "./measure.mjs";
import { BUCKET, openPeer, sample, URL_OF_SERVER } from "./nats_data.mjs";

const GETS = 2_000;
const WARM_UP = 2_000;

const conn = await connect(URL_OF_SERVER);
const store = await conn.store(BUCKET);
const peer = await openPeer();

async function ours(key) {
  assert.equal((await store.get(key)).value.length, VALUE.length);
}

async function theirs(key) {
  assert.equal((await peer.bucket.get(key)).value.length, VALUE.length);
}

for (const call of [ours, theirs]) {
  for (const key of sample(WARM_UP, rounds)) await call(key);
}
for (let round = 0; round < rounds; round++) {
  const keys = sample(GETS, round);
  await measureEach(row, "slipstream", round, keys, ours);
  await measureEach(row, "@nats-io/kv", round, keys, theirs);
}
await peer.close();
await conn.close();
