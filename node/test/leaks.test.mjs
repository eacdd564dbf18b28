// Nothing is left of what was begun and given up: no handle, listener, consumer, descriptor, memory.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { readdirSync } from "node:fs";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { live } from "slipstream-kv/debug";
import { collected, collectedUntil, openStore, until, within } from "./kit.mjs";
import { natsServer } from "./nats.mjs";

const ROUNDS = 20;
const descriptors = () => readdirSync("/proc/self/fd").length;

/** How many descriptors there are once a first write has opened all that a store uses. */
async function descriptorsOf(store) {
  const opened = descriptors();
  await store.put("k", "v");
  await until(() => descriptors() > opened, "its second connection");
  return descriptors();
}

/** Numbers from 0 to below `limit`, the same in every run. */
function dice(limit, state = 1) {
  let now = state;
  return () => {
    now = (now * 48_271) % 2_147_483_647;
    return now % limit;
  };
}

test("nats: 10,000 calls aborted at random moments leave nothing and reject with the reason", async (t) => {
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  const { url } = await natsServer(t);
  const { store } = await openStore(t, url);
  const before = await descriptorsOf(store);
  const next = dice(6);
  const memory = [];
  let aborted = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = Array.from({ length: 500 }, (_, i) => {
      const controller = new AbortController();
      const { signal } = controller;
      const call = [
        () => store.get("k", { signal }),
        () => store.put(`k.${i}`, "v", { signal }),
        () => store.getMany(["k", "none"], { signal }),
      ][i % 3];
      return { controller, ended: call() };
    });
    const outcomes = Promise.allSettled(begun.map(({ ended }) => ended));
    for (const { controller } of begun) {
      const die = next();
      if (die === 0) {
        await sleep(0);
      }
      if (die < 4) {
        controller.abort("enough");
      }
    }
    for (const { status, reason } of await within(outcomes)) {
      assert.ok(status === "fulfilled" || reason === "enough", `${reason}`);
      aborted += status === "rejected" ? 1 : 0;
    }
    for (const { controller } of begun) {
      assert.equal(getEventListeners(controller.signal, "abort").length, 0);
    }
    memory.push(process.memoryUsage.rss());
  }
  await until(() => live().operations === 0, "the end of all operations");
  assert.ok(aborted > 0);
  assert.equal(descriptors(), before);
  assert.deepEqual(unhandled, []);
  bounded(memory);
  assert.equal((await store.get("k")).value.toString(), "v");
});

test("nats: 1,000 watches that are broken out of leave no consumer", async (t) => {
  const { url, call } = await natsServer(t);
  const { store } = await openStore(t, url);
  const before = await descriptorsOf(store);
  const memory = [];
  const read = async () => {
    for await (const update of store.watch("")) {
      assert.equal(update.key, "k");
      break;
    }
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await within(Promise.all(Array.from({ length: 50 }, read)));
    memory.push(process.memoryUsage.rss());
  }
  const none = async () => (await call("count_consumers", { store: "test" })) === 0;
  await until(none, "the end of the consumers");
  await collected({ watches: 0, operations: 0 });
  assert.equal(descriptors(), before);
  bounded(memory);
});

test("nats: watches that are let go without a word leave no consumer", async (t) => {
  const { url, call } = await natsServer(t);
  const { store } = await openStore(t, url);
  await store.put("k", "v");
  const open = async () => {
    await store.watch("")[Symbol.asyncIterator]().next();
  };
  await within(Promise.all(Array.from({ length: 100 }, open)));
  await collected({ watches: 0, operations: 0 });
  const none = async () => (await call("count_consumers", { store: "test" })) === 0;
  await until(none, "the end of the consumers");
});

test("nats: 10,000 calls with one signal leave no listener", async (t) => {
  const { url } = await natsServer(t);
  const { store } = await openStore(t, url);
  const { signal } = new AbortController();
  for (let round = 0; round < ROUNDS; round += 1) {
    const calls = Array.from({ length: 500 }, () => store.get("k", { signal }));
    assert.ok(getEventListeners(signal, "abort").length <= 1);
    await within(Promise.all(calls));
    assert.equal(getEventListeners(signal, "abort").length, 0);
  }
});

test("nats: s8 a reader of one update a second holds no other up, and loses nothing", async (t) => {
  const COUNT = 50_000;
  const { url } = await natsServer(t);
  const { conn, store } = await openStore(t, url);
  const [slow, fast] = [store.watch(""), store.watch("")].map((it) => it[Symbol.asyncIterator]());
  const keys = async (updates, count) => {
    const seen = new Set();
    for (let i = 0; i < count; i += 1) {
      seen.add((await updates.next()).value.key);
    }
    return seen;
  };
  const value = Buffer.alloc(1_000);
  const write = async (store) => {
    for (let first = 0; first < COUNT; first += 500) {
      const some = Array.from({ length: 500 }, (_, i) => `k.${first + i}`);
      await Promise.all(some.map((key) => store.put(key, value)));
    }
  };
  // What writing takes by itself.
  await within(write(await conn.store("other")));
  const before = process.memoryUsage.rss();
  let writing = true;
  const written = write(store).finally(() => {
    writing = false;
  });
  const readSlowly = async () => {
    const seen = new Set();
    while (writing) {
      seen.add((await slow.next()).value.key);
      await Promise.race([written, sleep(1_000)]);
    }
    return seen;
  };
  const seen = readSlowly();
  assert.equal((await within(keys(fast, COUNT), "the fast reader")).size, COUNT);
  await within(written);
  const early = await within(seen);
  assert.ok(early.size < COUNT / 2);
  // Were the backlog in memory, it would take some 50 MB on top of what the queues hold.
  const small = () => process.memoryUsage.rss() - before < 32 * 2 ** 20;
  await collectedUntil(small, "memory without the backlog");
  const late = await within(keys(slow, COUNT - early.size), "the slow reader");
  assert.equal(new Set([...early, ...late]).size, COUNT);
});

/** Memory settles: the second half of the rounds adds little to what the first half took. */
function bounded(memory) {
  const half = memory.length / 2;
  const grown = Math.max(...memory.slice(half)) - Math.max(...memory.slice(0, half));
  assert.ok(grown < 32 * 2 ** 20, `grown by ${grown} bytes: ${memory}`);
}

test("s9 a watch that was closed has no consumer on the server", async (t) => {
  const { url, call } = await natsServer(t);
  const { store } = await openStore(t, url);
  await store.put("k", "v");
  // Some are closed before their consumer is made, and some after.
  for (let number = 0; number < 60; number += 1) {
    const watch = store.watch("");
    const waiting = number % 2 === 0 ? watch.synced() : watch[Symbol.asyncIterator]().next();
    await sleep((number % 20) / 2);
    const closed = Promise.all([watch.close(), Promise.allSettled([waiting])]);
    await within(closed, `the end of watch ${number}`);
    assert.equal(await call("count_consumers", { store: "test" }), 0, `${number}`);
  }
});
