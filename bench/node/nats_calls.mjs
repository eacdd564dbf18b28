// `get` and `put` on a nats-server, many of them in flight: ours, @nats-io/kv, one napi `async fn` a
// call over async-nats, and what the server gives a bare socket.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { connect } from "slipstream-kv";
import { inFlight } from "./in_flight.mjs";
import { measure, rounds, row, VALUE } from "./measure.mjs";
import { BUCKET, openPeer, PROGRAM, sample, URL_OF_SERVER } from "./nats_data.mjs";

const CALLS = 40_000;
const FEW = 10_000;
const WARM_UP = 10_000;

const [, , operation, count] = row.split("-");
const conn = await connect(URL_OF_SERVER);
const store = await conn.store(BUCKET);
const peer = await openPeer();
const { bucket: openBaseline } = createRequire(import.meta.url)(process.env.BASELINE_NODE);
const baseline = await openBaseline(URL_OF_SERVER, BUCKET);

const gets = {
  slipstream: async (key) => complete((await store.get(key)).value),
  "@nats-io/kv": async (key) => complete((await peer.bucket.get(key)).value),
  "napi async fn": async (key) => complete(await baseline.get(key)),
};
const puts = {
  slipstream: (key) => store.put(key, VALUE),
  "@nats-io/kv": (key) => peer.bucket.put(key, VALUE),
  "napi async fn": (key) => baseline.put(key, VALUE),
};

function complete(value) {
  assert.equal(value.length, VALUE.length);
}

const calls = Object.entries(operation === "get" ? gets : puts);
for (const [, call] of calls) await inFlight(sample(WARM_UP, rounds), Number(count), call);
for (let round = 0; round < rounds; round++) {
  const many = sample(CALLS, round);
  for (const [who, call] of calls) {
    const keys = who === "napi async fn" ? many.slice(0, FEW) : many;
    await measure(row, who, round, keys.length, () => inFlight(keys, Number(count), call));
  }
  const floor = [PROGRAM, ["floor", row, String(round), operation, count], { stdio: "inherit" }];
  assert.equal(spawnSync(...floor).status, 0);
}
await peer.close();
await conn.close();
