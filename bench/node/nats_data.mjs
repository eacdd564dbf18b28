// The bucket that a row of NATS finds on its server: bench/nats/src/data.rs filled it.

import { createRequire } from "node:module";

// It is among the tools of the npm package, whose folder this one is outside of.
const require = createRequire(new URL("../../node/package.json", import.meta.url));
const { connect } = require("@nats-io/transport-node");
const { Kvm } = require("@nats-io/kv");

export const URL_OF_SERVER = process.env.NATS_URL;
export const BUCKET = "bench";
export const KEYS = Array.from(
  { length: 100_000 },
  (_, n) => `node.${String(Math.floor(n / 10)).padStart(5, "0")}.${n % 10}`,
);
/** The Rust program beside these: bare sockets, and the other process that writes. */
export const PROGRAM = process.env.NATS_PROGRAM;

/** `count` of the keys in one of many orders, each the same in every run. */
export function sample(count, order) {
  let state = order + 7;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return KEYS[Math.floor((state / 2 ** 32) * KEYS.length)];
  });
}

/**
 * The bucket through @nats-io/kv as fast as that has it: with direct gets, which it does not use
 * unless told to, and without a stack trace for each call.
 */
export async function openPeer() {
  const client = await connect({ servers: URL_OF_SERVER, noAsyncTraces: true });
  const bucket = await new Kvm(client).open(BUCKET, { allow_direct: true });
  return { bucket, close: () => client.close() };
}
