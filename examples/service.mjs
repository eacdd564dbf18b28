// A service of which any number of instances run and one is active, on a server that may restart.
//
// The active instance holds a lease. It handles jobs and keeps how far it is in the store itself,
// so that another one goes on there when it dies: a job may be handled twice then, and none is
// lost. Start several, in any language, and write keys like job.1: node examples/service.mjs NAME URL

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AlreadyExists, CursorExpired, RevisionMismatch, connect } from "slipstream-kv";

const LEASE = "lease";
const PROGRESS = "progress";
const JOBS = "job.";
const LEASE_FOR = { ttl: 5_000 };
// A renewal is two calls. It must be known to have failed before the lease has ended.
const RENEW_MS = 1_000;
const CALL_MS = 1_500;

const [name, url] = process.argv.slice(2);
const me = Buffer.from(`${name} ${randomUUID()}`);

/** Waits until nobody has the lease, and takes it. */
async function acquire(store) {
  // Opened before the first attempt, so that no release is missed in between.
  const watch = store.watch(LEASE);
  try {
    if (await take(store)) return;
    for await (const update of watch) {
      // A holder that died shows as a purge, when its lease ends.
      if (update.key === LEASE && update.type !== "put" && (await take(store))) return;
    }
  } finally {
    await watch.close();
  }
}

async function take(store) {
  try {
    await store.create(LEASE, me, LEASE_FOR);
    return true;
  } catch (error) {
    if (!(error instanceof AlreadyExists)) throw error;
    // It may be ours: the answer to a write can be lost.
    return await renew(store);
  }
}

/** Lets the lease last longer, if it is ours. */
async function renew(store) {
  const held = await store.get(LEASE);
  if (!held?.value.equals(me)) return false;
  try {
    await store.update(LEASE, me, held.version, LEASE_FOR);
    return true;
  } catch (error) {
    if (error instanceof RevisionMismatch) return false;
    throw error;
  }
}

/** Renews the lease until it is lost. */
async function keep(store, signal) {
  while (await renew(store)) await sleep(RENEW_MS, undefined, { signal });
  console.log(`${name} has lost the lease`);
}

/** Handles jobs, from where the last active instance stood. */
async function work(store, signal) {
  const progress = await store.get(PROGRESS);
  // The watch goes on by itself after a restart of the server.
  const watch = store.watch(JOBS, { cursor: progress?.value, signal });
  try {
    for await (const batch of watch.batches()) {
      for (const update of batch) {
        if (update.type === "put") console.log(`${name} handles ${update.key}`);
      }
      await store.put(PROGRESS, watch.cursor);
    }
  } catch (error) {
    if (!(error instanceof CursorExpired)) throw error;
    // What came after it can no longer be told, so that all jobs are told again.
    await store.delete(PROGRESS);
  }
}

/** Works for as long as the lease is ours. */
async function serve(store) {
  const stop = new AbortController();
  const tasks = [keep(store, stop.signal), work(store, stop.signal)];
  try {
    await Promise.race(tasks);
  } finally {
    stop.abort();
    await Promise.allSettled(tasks);
  }
}

const conn = await connect(url, { timeout: CALL_MS });
const store = await conn.store("service");
for (;;) {
  try {
    await acquire(store);
    console.log(`${name} is active`);
    await serve(store);
  } catch (error) {
    if (!error.retryable) throw error;
    console.log(`${name} tries again: ${error.message}`);
  }
}
