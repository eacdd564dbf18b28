// Watches: first state, changes, resuming, readers and closing.
import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { Readable } from "node:stream";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, NotConnected, OperationFailed, WatchError } from "slipstream-kv";
import { live } from "slipstream-kv/debug";
import { collected, folder, openStore, take, told, until, within } from "./kit.mjs";

test("s1 s2 state first, then every change, in version order", async (t) => {
  const { store } = await openStore(t);
  await store.put("node.b", "1");
  await store.put("node.a", "1");
  await store.put("other", "1");
  const iterator = store.watch("node.")[Symbol.asyncIterator]();
  const state = await take(iterator, 2);
  assert.deepEqual(state.map(told), ["put node.b=1", "put node.a=1"]);
  const waiting = iterator.next();
  await store.delete("node.b");
  const { value: deleted } = await within(waiting);
  assert.equal(told(deleted), "delete node.b");
  assert.equal(deleted.value, undefined);
  const next = iterator.next();
  await store.purge("node.a");
  const { value: purged } = await within(next);
  assert.equal(told(purged), "purge node.a");
  const versions = [...state, deleted, purged].map(({ version }) => version);
  assert.deepEqual(versions.toSorted(Buffer.compare), versions);
  await iterator.return();
});

test("s1 large first states arrive whole, keys and values intact", async (t) => {
  const { store } = await openStore(t);
  const count = 10_000;
  const value = (i) => Buffer.alloc(i % 1000 === 0 ? 50_000 : i % 300, i % 256);
  const writes = Array.from({ length: count }, (_, i) => store.put(`k.${i}`, value(i)));
  await Promise.all(writes);
  let seen = 0;
  for await (const update of store.watch("k.")) {
    const i = Number(update.key.slice(2));
    const expected = value(i);
    assert.equal(update.type, "put");
    assert.ok(update.value.equals(expected));
    seen += 1;
    if (seen === count) {
      break;
    }
  }
  let batched = 0;
  for await (const updates of store.watch("k.").batches()) {
    assert.ok(updates.length > 0);
    batched += updates.length;
    if (batched === count) {
      break;
    }
  }
});

test("s3 synced, also of an empty store and beside a reader", async (t) => {
  const { store } = await openStore(t);
  const empty = store.watch("");
  assert.equal(empty.isSynced, false);
  await within(empty.synced());
  assert.equal(empty.isSynced, true);
  await store.put("a", "1");
  const watch = store.watch("");
  await within(watch.synced());
  await within(watch.synced());
  assert.deepEqual((await take(watch[Symbol.asyncIterator](), 1)).map(told), ["put a=1"]);
  const closed = store.watch("");
  await closed.close();
  await assert.rejects(within(closed.synced()), WatchError);
});

test("s4 resuming at the cursor of any update repeats and loses nothing", async (t) => {
  const { store } = await openStore(t, `file:${join(folder(t), "db")}`);
  for (let i = 0; i < 10; i += 1) {
    await store.put(`k.${i}`, `${i}`);
  }
  const updates = await take(store.watch("k.")[Symbol.asyncIterator](), 10);
  for (const [index, { cursor }] of updates.entries()) {
    const rest = await take(store.watch("k.", { cursor })[Symbol.asyncIterator](), 9 - index);
    assert.deepEqual(rest.map(told), updates.slice(index + 1).map(told));
  }
});

test("s4 watch.cursor is what was handed out, at every moment", async (t) => {
  const { store } = await openStore(t);
  for (const key of ["a", "b", "c"]) {
    await store.put(key, "1");
  }
  const watch = store.watch("");
  assert.equal(watch.cursor.length, 0);
  await within(watch.synced());
  assert.equal(watch.cursor.length, 0);
  for await (const update of watch) {
    assert.deepEqual(watch.cursor, update.cursor);
    if (update.key === "b") {
      break;
    }
  }
  const again = store.watch("", { cursor: watch.cursor });
  const iterator = again[Symbol.asyncIterator]();
  assert.deepEqual((await take(iterator, 1)).map(told), ["put c=1"]);
  const end = again.cursor;
  const waiting = iterator.next();
  assert.deepEqual(again.cursor, end);
  await store.put("d", "1");
  assert.equal(told((await within(waiting)).value), "put d=1");
  await again.close();
  assert.deepEqual(
    (await take(store.watch("", { cursor: end })[Symbol.asyncIterator](), 1)).map(told),
    ["put d=1"],
  );
});

test("s4 an empty cursor, null and undefined are the whole state", async (t) => {
  const { store } = await openStore(t);
  await store.put("a", "1");
  for (const cursor of [Buffer.alloc(0), null, undefined]) {
    const [update] = await take(store.watch("", { cursor })[Symbol.asyncIterator](), 1);
    assert.equal(told(update), "put a=1");
  }
});

test("s5 a cursor ahead of the store is CursorExpired", async (t) => {
  const { store } = await openStore(t);
  const version = await store.put("a", "1");
  version.writeBigUInt64BE(1_000_000n);
  // A cursor after this version, of whatever store (docs/formats.md).
  const cursor = Buffer.concat([Buffer.from([1, version.length]), Buffer.alloc(16), version]);
  const next = store.watch("", { cursor })[Symbol.asyncIterator]().next();
  await assert.rejects(within(next), { code: "CursorExpired" });
});

test("s6 several prefixes are one watch; none at all is everything, an empty list nothing", async (t) => {
  const { store } = await openStore(t);
  for (const key of ["a.1", "b.1", "c.1"]) {
    await store.put(key, "1");
  }
  const iterator = store.watch("a.", "a", "c.", {})[Symbol.asyncIterator]();
  assert.deepEqual((await take(iterator, 2)).map(told), ["put a.1=1", "put c.1=1"]);
  for (const empty of [store.watch([]), store.watch({ keys: [] }), store.watch([], new Set())]) {
    assert.deepEqual(await within(empty[Symbol.asyncIterator]().next()), {
      value: undefined,
      done: true,
    });
  }
});

test("s6 prefixes and keys come in any iterable", async (t) => {
  const { store } = await openStore(t);
  for (const key of ["a.1", "b.1", "c.1", "d"]) {
    await store.put(key, "1");
  }
  function* generated() {
    yield "c.";
  }
  for (const [watch, ...keys] of [
    [store.watch(), "a.1", "b.1", "c.1", "d"],
    [store.watch(undefined), "a.1", "b.1", "c.1", "d"],
    [store.watch({}), "a.1", "b.1", "c.1", "d"],
    [store.watch(["a.", "d"]), "a.1", "d"],
    [store.watch(["a."], "b.", generated(), {}), "a.1", "b.1", "c.1"],
    [store.watch({ keys: new Set(["d", "b.1"]) }), "b.1", "d"],
    [store.watch("a.", { keys: ["d"] }), "a.1", "d"],
  ]) {
    const updates = await take(watch[Symbol.asyncIterator](), keys.length);
    assert.deepEqual(
      updates.map((update) => update.key),
      keys,
    );
    await watch.close();
  }
});

for (const [how, leave] of [
  ["break", () => "break"],
  [
    "throw",
    () => {
      throw new Error("mine");
    },
  ],
]) {
  test(`s9 leaving for await by ${how} closes the watch`, async (t) => {
    const { store } = await openStore(t);
    await store.put("a", "1");
    const watch = store.watch("");
    const loop = async () => {
      for await (const _ of watch) {
        if (leave() === "break") {
          break;
        }
      }
    };
    await loop().catch((error) => assert.equal(error.message, "mine"));
    assert.deepEqual(await within(watch[Symbol.asyncIterator]().next()), {
      value: undefined,
      done: true,
    });
  });
}

test("s9 return and throw of an iterator close the watch, also while a reader waits", async (t) => {
  const { store } = await openStore(t);
  for (const end of [
    (iterator) => iterator.return(),
    (iterator) => assert.rejects(iterator.throw(new Error("mine")), { message: "mine" }),
  ]) {
    const iterator = store.watch("")[Symbol.asyncIterator]();
    assert.equal(iterator[Symbol.asyncIterator](), iterator);
    const waiting = iterator.next();
    await end(iterator);
    assert.deepEqual(await within(waiting), { value: undefined, done: true });
    assert.deepEqual(await within(iterator.next()), { value: undefined, done: true });
  }
});

test("close tells a reader that waits, twice is fine, and the cursor stays", async (t) => {
  const { store } = await openStore(t);
  await store.put("a", "1");
  const watch = store.watch("");
  const iterator = watch[Symbol.asyncIterator]();
  const [{ cursor }] = await take(iterator, 1);
  const waiting = iterator.next();
  await watch.close();
  await watch[Symbol.asyncDispose]();
  assert.deepEqual(await within(waiting), { value: undefined, done: true });
  assert.deepEqual(watch.cursor, cursor);
  assert.equal(watch.isSynced, false);
});

test("two readers at once are an error, and the first one goes on", async (t) => {
  const { store } = await openStore(t);
  const watch = store.watch("");
  const iterator = watch[Symbol.asyncIterator]();
  const first = iterator.next();
  await assert.rejects(iterator.next(), OperationFailed);
  await assert.rejects(watch[Symbol.asyncIterator]().next(), OperationFailed);
  await assert.rejects(watch.batches().next(), OperationFailed);
  await store.put("a", "1");
  assert.equal(told((await within(first)).value), "put a=1");
});

test("g2 a refused reader closes nothing when it is left", async (t) => {
  const { store } = await openStore(t);
  const watch = store.watch("");
  const first = watch[Symbol.asyncIterator]();
  const waiting = first.next();
  for (const leave of ["return", "throw"]) {
    const second = watch.batches();
    await assert.rejects(second.next(), OperationFailed);
    // As streams leave what they were made from when it fails.
    await second[leave](new Error("mine")).catch(() => {});
  }
  const failed = once(Readable.from(watch).resume(), "error");
  assert.ok((await within(failed))[0] instanceof OperationFailed);
  await store.put("a", "1");
  assert.equal(told((await within(waiting)).value), "put a=1");
  await store.put("b", "1");
  assert.equal(told((await within(first.next())).value), "put b=1");
  await first.return();
});

test("l5 closing the connection ends its watches with NotConnected", async () => {
  const conn = await connect("memory:");
  const store = await conn.store("test");
  const waiting = store.watch("")[Symbol.asyncIterator]().next();
  const unread = store.watch("");
  await sleep(1);
  await conn.close();
  await assert.rejects(within(waiting), NotConnected);
  await assert.rejects(within(unread[Symbol.asyncIterator]().next()), NotConnected);
  await assert.rejects(async () => store.watch("")[Symbol.asyncIterator]().next(), NotConnected);
});

test("s8 a reader that stands still holds nobody else up", async (t) => {
  const { store } = await openStore(t);
  const slow = store.watch("")[Symbol.asyncIterator]();
  const quick = store.watch("")[Symbol.asyncIterator]();
  for (let i = 0; i < 1000; i += 1) {
    await store.put("a", `${i}`);
    const [update] = await take(quick, 1);
    assert.equal(told(update), `put a=${i}`);
  }
  assert.equal(told((await take(slow, 1))[0]), "put a=999");
});

test("s9 watches, stores and connections that are let go are freed", async () => {
  const before = live();
  await (async () => {
    const conn = await connect("memory:");
    const store = await conn.store("test");
    await store.put("a", "1");
    for (let i = 0; i < 1000; i += 1) {
      const watch = store.watch("");
      if (i % 2 === 0) {
        await watch[Symbol.asyncIterator]().next();
      }
    }
    assert.ok(live().watches > before.watches);
  })();
  await collected(before);
});

test("a watch that ends with nobody left to hear it rejects nothing", async () => {
  const rejected = [];
  const note = (reason) => rejected.push(reason);
  process.on("unhandledRejection", note);
  const conn = await connect("memory:");
  const store = await conn.store("test");
  const controller = new AbortController();
  store.watch("")[Symbol.asyncIterator]().next();
  store.watch("", { signal: controller.signal }).batches().next();
  await sleep(1);
  controller.abort();
  await conn.close();
  await until(() => live().operations === 0, "the end of both");
  await sleep(10);
  process.off("unhandledRejection", note);
  assert.deepEqual(rejected, []);
});

test("concurrent watches and writes on file: each reader sees every key's last value", async (t) => {
  const { store } = await openStore(t, `file:${join(folder(t), "db")}`);
  const readers = Array.from({ length: 5 }, async () => {
    const last = new Map();
    for await (const { key, value } of store.watch("")) {
      last.set(key, value.toString());
      if (last.size === 20 && [...last.values()].every((value) => value === "24")) {
        return last.size;
      }
    }
  });
  for (let round = 0; round < 25; round += 1) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.put(`k.${i}`, `${round}`)));
  }
  assert.deepEqual(await within(Promise.all(readers)), [20, 20, 20, 20, 20]);
});
