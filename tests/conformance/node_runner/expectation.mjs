// Whether what came is what a scenario expects.

import assert from "node:assert/strict";
import { slipstream } from "./package.mjs";

/** Compares an error with `error:`. */
export function checkError(error, spec, names) {
  if (!(error instanceof slipstream.KvError)) throw error;
  const {
    code,
    contains = [],
    lacks = [],
    key,
    store,
    retryable,
    outcome_unknown,
    ...unknown
  } = typeof spec === "string" ? { code: spec } : spec;
  assert.deepEqual(unknown, {});
  const shown = `${error.stack} ${JSON.stringify(error)}`;
  assert.equal(error.code, code, shown);
  assert.equal(error.constructor.name, code, shown);
  for (const part of contains) assert(error.message.includes(names.text(part)), shown);
  for (const part of lacks) assert(!error.message.includes(names.text(part)), shown);
  if (key !== undefined) assert.equal(error.key, names.text(key), shown);
  if (store !== undefined) assert.equal(error.store, store, shown);
  if (retryable !== undefined) assert.equal(error.retryable, retryable, shown);
  if (outcome_unknown !== undefined) assert.equal(error.outcomeUnknown, outcome_unknown, shown);
}

/** Compares an answer with `expect:`. */
export function checkAnswer(kind, answer, expected, names) {
  if (kind === "get" || kind === "entry") {
    if (expected === null) return assert.equal(answer, null);
    assert(answer, `got nothing instead of ${JSON.stringify(expected)}`);
    return assertSameBytes(answer.value, names.bytes(expected));
  }
  if (kind === "scan") {
    const entries = answer.map((entry) => [entry.key, entry.value.toString("latin1")]);
    const wanted = expected.map(([key, value]) => [key, names.bytes(value).toString("latin1")]);
    return assert.deepEqual(entries, wanted);
  }
  assert.deepEqual(answer, expected);
}

/** Compares when an entry ends with `expires_in:`, in seconds from now. */
export function checkEnd(entry, seconds) {
  if (seconds === null) return assert.equal(entry.expiresAt, null);
  const left = (entry.expiresAt.getTime() - Date.now()) / 1000;
  assert(seconds[0] <= left && left <= seconds[1], `${left} s left`);
}

/** The version that an answer carries. */
export function versionOf(kind, answer) {
  if (kind === "get" || kind === "entry") return answer?.version;
  return ["put", "create", "update"].includes(kind) ? answer : undefined;
}

/** That two tokens or values have the same bytes. */
export function assertSameBytes(is, expected, message = "") {
  assert(Buffer.isBuffer(is) && is.equals(expected), `${message} ${shown(is)} ${shown(expected)}`);
}

function shown(bytes) {
  return Buffer.isBuffer(bytes) ? bytes.subarray(0, 60).toString("latin1") : String(bytes);
}
