// Steps about watches.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { manyKeys } from "./bulk.mjs";
import { assertSameBytes, checkError } from "./expectation.mjs";
import { live, slipstream } from "./package.mjs";
import { Asked, fits, PATIENCE, told, Watching } from "./watching.mjs";

/** Opens a watch. If that fails it is the watch's end, for `ends` to find. */
export function watch(
  world,
  { store = "main", as = "watch", prefixes, many, listed, keys, many_keys, cursor },
) {
  const each = (texts, many) => (many ? manyKeys(many) : texts?.map((it) => world.names.text(it)));
  const asked = new Asked(each(prefixes, many), each(keys, many_keys));
  const token = cursor === undefined ? undefined : world.names.token(cursor);
  let opened;
  let failed;
  try {
    opened = asked.watch(world.stores.get(store), token, listed);
    world.opened.push(opened);
  } catch (error) {
    if (!(error instanceof slipstream.KvError)) throw error;
    failed = error;
  }
  world.watches.set(as, new Watching(opened, failed, asked));
}

export async function updates(
  world,
  { expect, watch = "watch", any_order = false, version, within, as },
) {
  const expected = expect.map((parts) => parts.map((part) => world.names.bytes(part)));
  const watching = world.watching(watch);
  while (expected.length > 0) {
    const update = await watching.update(within);
    const open = any_order ? expected : expected.slice(0, 1);
    const found = open.findIndex((parts) => fits(update, parts));
    assert(found >= 0, `got ${told(update)}`);
    expected.splice(found, 1);
  }
  if (version) assertSameBytes(watching.last, world.names.token(version));
  saveCursor(world, watching, as);
}

/** Reads the puts of `put_many`, each once, in whatever order they were written. */
export async function updatesMany(world, { prefix, count, watch = "watch", as }) {
  const missing = new Set(manyKeys({ prefix, count }));
  const watching = world.watching(watch);
  while (missing.size > 0) {
    const update = await watching.update();
    assert.equal(update.type, "put");
    assert(missing.delete(update.key), `got ${told(update)}`);
  }
  saveCursor(world, watching, as);
}

/** Reads until the fold of all updates is the expected state. */
export async function fold(world, { expect, watch = "watch" }) {
  const entries = Object.entries(expect).map(([key, value]) => [key, world.names.bytes(value)]);
  const expected = new Map(entries);
  const watching = world.watching(watch);
  while (!sameState(watching.state, expected)) await watching.update();
}

/** Reads until `key` is told, and compares the fold of all updates with what the store reads. */
export async function settle(world, { key, watch = "watch", partial = false }) {
  const watching = world.watching(watch);
  while ((await watching.update()).key !== key);
  const stored = (await world.stores.get("main").scan())
    .filter((entry) => watching.asked.has(entry.key))
    .filter((entry) => !partial || watching.state.has(entry.key))
    .map((entry) => [entry.key, entry.value]);
  assert(sameState(watching.state, new Map(stored)), "the fold is not what the store reads");
}

export const synced = (world, { watch = "watch" }) => world.watching(watch).synced();
export const quiet = (world, { watch = "watch" }) => world.watching(watch).quiet();
export const closeWatch = (world, { watch = "watch" }) => world.watching(watch).close();

export function cursor(world, { watch = "watch", as }) {
  saveCursor(world, world.watching(watch), as);
}

export async function ends(
  world,
  { watch = "watch", error, after_updates = false, within = PATIENCE },
) {
  const end = await world.watching(watch).end(after_updates, within);
  if (!error) return assert.equal(end, undefined);
  assert(end, `ended normally instead of ${JSON.stringify(error)}`);
  checkError(end, error, world.names);
}

/** Opens watches and forgets them (S9): none is left within a second. */
export async function abandonWatches(world, { count, read, prefixes = [""] }) {
  const collect = collector();
  const before = live().watches;
  await openAndForget(world.stores.get("main"), count, read, prefixes);
  const limit = Date.now() + 1000;
  do {
    overwriteStack(500);
    collect();
    await sleep(10);
  } while (live().watches > before && Date.now() < limit);
  assert(live().watches <= before, `${live().watches} watches are left of ${count}`);
}

async function openAndForget(store, count, read, prefixes) {
  const kept = [];
  for (let opened = 0; opened < count; opened += 1) {
    const watch = store.watch(...prefixes);
    kept.push(watch);
    if (read) await watch[Symbol.asyncIterator]().next();
  }
  assert(live().watches >= count);
}

/**
 * Overwrites what ended calls left on the machine's stack. JavaScriptCore keeps whatever an old
 * word there happens to point at, and no product can take it back.
 */
function overwriteStack(depth) {
  return depth === 0 ? 0 : overwriteStack(depth - 1) + depth;
}

function collector() {
  if (globalThis.Bun) return () => globalThis.Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

function saveCursor(world, watching, as) {
  const { cursor } = watching.watch;
  assert(Buffer.isBuffer(cursor));
  if (as) world.names.save(as, cursor);
}

function sameState(is, expected) {
  const same = ([key, value]) => is.get(key)?.equals(value);
  return is.size === expected.size && [...expected].every(same);
}
