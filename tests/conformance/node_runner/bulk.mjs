// Steps of many operations, one after another or at once.

import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { slipstream } from "./package.mjs";

const IN_FLIGHT = 64;

/** The key of one of many. */
function manyKey(prefix, index) {
  return prefix + String(index).padStart(6, "0");
}

/** The keys of many. */
export function manyKeys({ prefix, count }) {
  return Array.from({ length: count }, (_, index) => manyKey(prefix, index));
}

export async function putMany(world, { prefix, count, value, store = "main" }) {
  const given = value === undefined ? undefined : world.names.bytes(value);
  const writer = world.stores.get(store);
  await ofMany(count, (index) => writer.put(manyKey(prefix, index), given ?? String(index)));
}

export async function deleteMany(world, { prefix, count, store = "main" }) {
  const writer = world.stores.get(store);
  await ofMany(count, (index) => writer.delete(manyKey(prefix, index)));
}

/** Runs one call as many tasks at once and counts how they end. */
export async function race(world, { tasks, step, expect }) {
  const one = async (task) => {
    try {
      await world.call(step, world.names.with("task", String(task)));
      return "ok";
    } catch (error) {
      if (error instanceof slipstream.KvError) return error.code;
      throw error;
    }
  };
  const ends = {};
  for (const end of await Promise.all(Array.from({ length: tasks }, (_, task) => one(task)))) {
    ends[end] = (ends[end] ?? 0) + 1;
  }
  assert.deepEqual(ends, expect);
}

/** Counts a key up with `get` and `update` from several tasks at once (W2). */
export async function increment(world, { key, tasks, times }) {
  const store = world.stores.get("main");
  const countUp = async () => {
    for (let done = 0; done < times; ) {
      const entry = await store.get(key);
      try {
        await store.update(key, String(Number(entry.value.toString()) + 1), entry.version);
        done += 1;
      } catch (error) {
        if (!(error instanceof slipstream.RevisionMismatch)) throw error;
        await turn();
      }
    }
  };
  await Promise.all(Array.from({ length: tasks }, countUp));
}

/** Runs steps while tasks keep writing the same keys. */
export async function whileOverwriting(
  world,
  { prefix, count, writers, steps, store = "main" },
) {
  const writer = world.stores.get(store);
  let stop = false;
  const write = async (first) => {
    for (let index = first; !stop; index = index + writers < count ? index + writers : first) {
      const key = manyKey(prefix, index);
      await writer.put(key, key);
      await turn();
    }
  };
  const tasks = Promise.all(Array.from({ length: writers }, (_, first) => write(first)));
  try {
    await world.run(steps);
  } finally {
    stop = true;
    await tasks;
  }
}

async function ofMany(count, call) {
  const some = async (first) => {
    for (let index = first; index < count; index += IN_FLIGHT) await call(index);
  };
  await Promise.all(Array.from({ length: Math.min(count, IN_FLIGHT) }, (_, first) => some(first)));
}
