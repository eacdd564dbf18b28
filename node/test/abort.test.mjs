// Abort signals: they end calls and watches, and leave no listener behind.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "slipstream-kv";
import { live } from "slipstream-kv/debug";
import { collectedUntil, folder, openStore, until, within } from "./kit.mjs";
import { natsServer, place } from "./nats.mjs";

const listeners = (signal) => getEventListeners(signal, "abort").length;

/** Calls of every kind, each with `signal`. */
function calls(conn, store, signal) {
  const version = Buffer.alloc(8);
  return [
    () => store.get("a", { signal }),
    () => store.entry("a", { signal }),
    () => store.getMany(["a"], { signal }),
    () => store.keys("", { signal }),
    () => store.scan("", { signal }),
    () => store.put("a", "aborted", { signal }),
    () => store.create("b", "aborted", { signal }),
    () => store.update("a", "aborted", version, { signal }),
    () => store.delete("a", { signal }),
    () => store.deleteWithVersion("a", version, { signal }),
    () => store.purge("a", { signal }),
    () => conn.store("other", { signal }),
    () => conn.close({ signal }),
    () => connect("memory:", { signal }),
    async () => store.watch("", { signal }),
  ];
}

test("a signal that has aborted before: nothing is started", async (t) => {
  const { conn, store } = await openStore(t);
  await store.put("a", "1");
  const reason = new Error("not now");
  for (const call of calls(conn, store, AbortSignal.abort(reason))) {
    await assert.rejects(call, (error) => error === reason, `${call}`);
  }
  assert.equal((await store.get("a")).value.toString(), "1");
  assert.deepEqual(await store.keys(), ["a"]);
  assert.equal(conn.isHealthy, true);
});

for (const scheme of ["file:", "nats:"]) {
  test(`${scheme} a signal that aborts meanwhile: the call rejects with its reason and is cancelled`, async (t) => {
    const { store } = await openStore(t, await place(scheme, t));
    const controller = new AbortController();
    const { signal } = controller;
    const reason = { any: "value" };
    const puts = Array.from({ length: 50 }, (_, i) => store.put(`k.${i}`, "1", { signal }));
    const writes = Promise.allSettled(puts);
    const reading = store.watch("none.", { signal })[Symbol.asyncIterator]().next();
    controller.abort(reason);
    await assert.rejects(within(reading), (error) => error === reason);
    for (const { status, reason: why } of await within(writes)) {
      assert.ok(status === "fulfilled" || why === reason);
    }
    assert.equal(listeners(signal), 0);
    await until(() => live().operations === 0, "the end of all operations");
  });

  test(`${scheme} a signal that aborts while a call waits wins over its answer, and ends it`, async (t) => {
    const { url, hold, release } = await holdable(scheme, t);
    const { store } = await openStore(t, url);
    const watch = store.watch("");
    for (const call of [
      (signal) => store.put("a", "1", { signal }),
      (signal) => store.delete("a", { signal }),
      (signal) => store.purge("a", { signal }),
      (signal) => store.watch("none.", { signal })[Symbol.asyncIterator]().next(),
    ]) {
      await hold();
      const { controller, waiting } = await pending(call);
      controller.abort("enough");
      await assert.rejects(within(waiting), (reason) => reason === "enough", `${call}`);
      assert.equal(listeners(controller.signal), 0);
      await release();
    }
    await assert.rejects(watch.synced({ signal: AbortSignal.abort(1) }), (reason) => reason === 1);
    await within(watch.synced());
    await until(() => live().operations === 0, "the end of all operations");
  });
}

/** A place whose answers can be held back, so that a call waits however busy the machine is. */
async function holdable(scheme, t) {
  if (scheme === "file:") {
    return { url: await place(scheme, t), hold: () => {}, release: () => {} };
  }
  const { proxy, call } = await natsServer(t);
  return { url: proxy, hold: () => call("mute"), release: () => call("forward") };
}

/**
 * A call that waits. A disk cannot be held back: where a busy machine let the committer answer
 * before the call had been made, it is made again.
 */
async function pending(call) {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const controller = new AbortController();
    const waiting = call(controller.signal);
    if (listeners(controller.signal) === 1) {
      return { controller, waiting };
    }
    await waiting;
  }
  throw new Error(`${call} never waited`);
}

test("a signal that aborts afterwards changes nothing", async (t) => {
  const { store } = await openStore(t);
  const controller = new AbortController();
  const version = await store.put("a", "1", { signal: controller.signal });
  controller.abort();
  assert.deepEqual((await store.get("a")).version, version);
});

test("10,000 calls with one signal leave no listener and warn of nothing", async (t) => {
  const memory = await openStore(t);
  const file = await openStore(t, `file:${join(folder(t), "db")}`);
  const { signal } = new AbortController();
  const warnings = [];
  const warned = (warning) => warnings.push(warning);
  process.on("warning", warned);
  t.after(() => process.off("warning", warned));
  for (let round = 0; round < 10; round += 1) {
    const calls = Array.from({ length: 500 }, (_, i) => [
      memory.store.put(`k.${i}`, "1", { signal }),
      file.store.put(`k.${i}`, "1", { signal }),
    ]);
    assert.ok(listeners(signal) <= 1);
    await within(Promise.all(calls.flat()));
    assert.equal(listeners(signal), 0);
  }
  const watches = Array.from({ length: 100 }, () => memory.store.watch("", { signal }));
  assert.equal(listeners(signal), 1);
  await Promise.all(watches.map((watch) => watch.close()));
  assert.equal(listeners(signal), 0);
  await sleep(1);
  assert.deepEqual(warnings, []);
});

test("an aborted watch ends with the reason, keeps its cursor and drops what it had", async (t) => {
  const { store } = await openStore(t);
  for (const key of ["a", "b", "c"]) {
    await store.put(key, "1");
  }
  const controller = new AbortController();
  const watch = store.watch("", { signal: controller.signal });
  const seen = [];
  await assert.rejects(
    async () => {
      for await (const update of watch) {
        seen.push(update);
        controller.abort(new Error("enough"));
      }
    },
    { message: "enough" },
  );
  assert.deepEqual(
    seen.map(({ key }) => key),
    ["a"],
  );
  assert.deepEqual(watch.cursor, seen[0].cursor);
  await assert.rejects(watch[Symbol.asyncIterator]().next(), { message: "enough" });
  assert.equal(listeners(controller.signal), 0);
});

test("s9 a signal does not hold an abandoned watch", async (t) => {
  const { store } = await openStore(t);
  const { signal } = new AbortController();
  const open = () => Array.from({ length: 100 }, () => store.watch("", { signal })).length;
  assert.equal(open(), 100);
  assert.equal(listeners(signal), 1);
  await collectedUntil(() => listeners(signal) === 0, "the end of the listener");
});
