// A watch of a bucket, by `for await`, while another process writes every key once at full speed: how
// far it falls behind, and what an update costs.

import assert from "node:assert/strict";
import { connect } from "slipstream-kv";
import { cpuSince, report, rounds, row, VALUE } from "./measure.mjs";
import { BUCKET, KEYS, openPeer, URL_OF_SERVER } from "./nats_data.mjs";
import { mostBehind, STEP, Writer } from "./nats_writer.mjs";

const conn = await connect(URL_OF_SERVER);
const store = await conn.store(BUCKET);
const peer = await openPeer();

/** Reads the first state, then starts the writer and reads what it writes. */
async function watch(who, round, updates) {
  const writer = await Writer.ready();
  let count = -KEYS.length;
  let bytes = 0;
  let before;
  const seen = [];
  for await (const { key, value } of updates) {
    bytes += key.length + value.length;
    if (++count % STEP !== 0) continue;
    if (count === 0) {
      before = process.cpuUsage();
      writer.start();
    } else if (count > 0) seen.push(Number(process.hrtime.bigint()) / 1e9);
    if (count === KEYS.length) break;
  }
  const cpu = cpuSince(before);
  assert.equal(bytes, 2 * KEYS.length * (KEYS[0].length + VALUE.length));
  const { started, acknowledged } = await writer.finish();
  const behind = mostBehind(acknowledged, seen) / KEYS.length;
  const seconds = seen.at(-1) - started;
  return { row, who, round, operations: KEYS.length, seconds, cpu, behind };
}

for (let round = 0; round < rounds; round++) {
  report(await watch("slipstream", round, store.watch("")));
  report(await watch("@nats-io/kv", round, await peer.bucket.watch()));
}
await peer.close();
await conn.close();
