// A lock that one process holds at a time, and that is free again if its holder dies.
//
// Run it several times at once, with examples/lock.py too, on one file:PATH or one nats://HOST:
// node examples/lock.mjs NAME URL

import { setTimeout as sleep } from "node:timers/promises";
import { AlreadyExists, connect } from "slipstream-kv";

const KEY = "lock.report";
const LEASE = { ttl: 5_000 };
const STEPS = 3;

/** Takes the lock and gives the version that stands for it; null if somebody holds it. */
async function attempt(store, name) {
  try {
    return await store.create(KEY, name, LEASE);
  } catch (error) {
    if (error instanceof AlreadyExists) return null;
    throw error;
  }
}

/** Waits until nobody holds the lock, and takes it. */
async function acquire(store, name) {
  // Opened before the first attempt, so that no release is missed in between.
  const watch = store.watch(KEY);
  try {
    const lease = await attempt(store, name);
    if (lease !== null) return lease;
    for await (const update of watch) {
      // A holder that died shows as a purge, when its lease ends.
      if (update.key !== KEY || update.type === "put") continue;
      const freed = await attempt(store, name);
      if (freed !== null) return freed;
    }
    throw new Error("the watch has ended");
  } finally {
    await watch.close();
  }
}

const [name, url] = process.argv.slice(2);
const conn = await connect(url);
try {
  const store = await conn.store("locks");
  let lease = await acquire(store, name);
  console.log(`${name} has the lock`);
  for (let step = 1; step <= STEPS; step++) {
    console.log(`${name} does step ${step} of ${STEPS}`);
    await sleep(100);
    // A step must take less than the lease. RevisionMismatch here means that it did not, and that
    // another may have the lock by now: what comes next must not happen.
    lease = await store.update(KEY, name, lease, LEASE);
  }
  console.log(`${name} gives the lock back`);
  await store.deleteWithVersion(KEY, lease);
} finally {
  await conn.close();
}
