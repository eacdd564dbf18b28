// How often the event loop wakes for a `get` on a nats-server, many of them in flight: the turns
// that libuv says the loop has made.

import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { connect } from "slipstream-kv";
import { inFlight } from "./in_flight.mjs";
import { report, rounds, row, VALUE } from "./measure.mjs";
import { BUCKET, openPeer, sample, URL_OF_SERVER } from "./nats_data.mjs";

const GETS = 20_000;
const WARM_UP = 5_000;

const count = Number(row.split("-").at(-1));
const conn = await connect(URL_OF_SERVER);
const store = await conn.store(BUCKET);
const peer = await openPeer();

const calls = {
  slipstream: async (key) => complete((await store.get(key)).value),
  "@nats-io/kv": async (key) => complete((await peer.bucket.get(key)).value),
};

function complete(value) {
  assert.equal(value.length, VALUE.length);
}

const turns = () => performance.nodeTiming.uvMetricsInfo.loopCount;

for (const call of Object.values(calls)) await inFlight(sample(WARM_UP, rounds), count, call);
for (let round = 0; round < rounds; round++) {
  const keys = sample(GETS, round);
  for (const [who, call] of Object.entries(calls)) {
    const before = turns();
    await inFlight(keys, count, call);
    report({ row, who, round, wakeups: (turns() - before) / GETS });
  }
}
await peer.close();
await conn.close();
