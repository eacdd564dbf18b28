// The whole state of a bucket of a hundred thousand keys, by `for await` over a watch.

import assert from "node:assert/strict";
import { connect } from "slipstream-kv";
import { measure, rounds, row, VALUE } from "./measure.mjs";
import { BUCKET, KEYS, openPeer, URL_OF_SERVER } from "./nats_data.mjs";

const conn = await connect(URL_OF_SERVER);
const store = await conn.store(BUCKET);
const peer = await openPeer();

async function ours() {
  await read(store.watch(""));
}

async function theirs() {
  await read(await peer.bucket.watch());
}

async function read(updates) {
  let left = KEYS.length;
  let bytes = 0;
  for await (const { key, value } of updates) {
    bytes += key.length + value.length;
    if (--left === 0) break;
  }
  assert.equal(bytes, KEYS.length * (KEYS[0].length + VALUE.length));
}

await ours();
await theirs();
for (let round = 0; round < rounds; round++) {
  await measure(row, "slipstream", round, KEYS.length, ours);
  await measure(row, "@nats-io/kv", round, KEYS.length, theirs);
}
await peer.close();
await conn.close();
