// Connections and stores: reads, writes, compare-and-swap, options and closing.
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { connect } from "slipstream-kv";
import { folder, openStore, until } from "./kit.mjs";

/** A live entry without an end. */
function live(key, value, version) {
  return { key, value: Buffer.from(value), version, deleted: false, expiresAt: null };
}

test("v2 v3 every write answers with a greater version, as bytes", async (t) => {
  const { store } = await openStore(t);
  const first = await store.put("node.a", "1");
  const second = await store.update("node.a", "2", first);
  assert.ok(Buffer.isBuffer(first) && first.length === 8);
  assert.ok(Buffer.compare(first, second) < 0);
  assert.deepEqual((await store.get("node.a")).version, second);
});

test("r1 get answers with the entry, or null", async (t) => {
  const { store } = await openStore(t);
  const version = await store.put("node.a", "10.0.0.1");
  const entry = await store.get("node.a");
  assert.deepEqual(entry, live("node.a", "10.0.0.1", version));
  assert.equal(await store.get("node.b"), null);
});

test("r1 getMany answers each key in the order asked, or null", async (t) => {
  for (const url of ["memory:", `file:${join(folder(t), "db")}`]) {
    const { store } = await openStore(t, url);
    const one = live("a", "1", await store.put("a", "1"));
    const value = Buffer.alloc(10_000, 7);
    const two = live("b", value, await store.put("b", value));
    await store.put("gone", "x");
    await store.delete("gone");
    const empty = live("empty", "", await store.put("empty", ""));
    assert.deepEqual(await store.getMany(["b", "never", "a", "gone", "a", "empty", "b"]), [
      two,
      null,
      one,
      null,
      one,
      empty,
      two,
    ]);
    assert.deepEqual(await store.getMany(new Set(["b", "c", "a"])), [two, null, one]);
    assert.deepEqual(await store.getMany(new Map([["a", 1]]).keys()), [one]);
    assert.deepEqual(await store.getMany([]), []);
  }
});

test("r1 getMany is complete at any size", async (t) => {
  const { store } = await openStore(t);
  const keys = Array.from({ length: 20_000 }, (_, i) => `k.${String(i).padStart(6, "0")}`);
  await Promise.all(keys.filter((_, i) => i % 2 === 0).map((key) => store.put(key, key)));
  const found = await store.getMany(keys);
  assert.equal(found.length, keys.length);
  assert.ok(
    found.every((entry, i) =>
      i % 2 === 0 ? entry.value.equals(Buffer.from(keys[i])) : entry === null,
    ),
  );
  assert.deepEqual(
    found.filter((entry) => entry !== null),
    await store.scan(),
  );
});

test("values are text or bytes, and come back as bytes of any size", async (t) => {
  const { store } = await openStore(t);
  for (const size of [1, 4095, 4096, 5000, 100_000, 3_000_000]) {
    const value = Buffer.alloc(size, size % 251);
    await store.put("big", value);
    assert.ok((await store.get("big")).value.equals(value), `${size} bytes`);
    assert.ok((await store.scan("big"))[0].value.equals(value), `${size} bytes scanned`);
  }
  await store.put("text", "žluťoučký 🐎");
  assert.equal((await store.get("text")).value.toString(), "žluťoučký 🐎");
  await store.put("view", new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
  assert.deepEqual((await store.get("view")).value, Buffer.from([2, 3]));
  await store.put("shared", new Uint8Array(new SharedArrayBuffer(2)).fill(7));
  assert.deepEqual((await store.get("shared")).value, Buffer.from([7, 7]));
});

test("what was answered before stays as it was", async (t) => {
  const { store } = await openStore(t);
  const version = await store.put("a", "first");
  const entry = await store.get("a");
  await store.put("a", "other");
  await store.get("a");
  assert.equal(entry.value.toString(), "first");
  assert.deepEqual(entry.version, version);
});

test("r2 r3 an empty value is a value, and a tombstone is shown by entry alone", async (t) => {
  const { store } = await openStore(t);
  const version = await store.put("a", "");
  const empty = live("a", "", version);
  assert.deepEqual(await store.get("a"), empty);
  assert.deepEqual(await store.keys(), ["a"]);
  assert.deepEqual(await store.scan(), [empty]);
  await store.delete("a");
  assert.equal(await store.get("a"), null);
  assert.deepEqual(await store.keys(), []);
  const tombstone = await store.entry("a");
  assert.equal(tombstone.deleted, true);
  assert.equal(tombstone.expiresAt, null);
  assert.equal(tombstone.value.length, 0);
  assert.ok(Buffer.compare(tombstone.version, version) > 0);
  assert.equal(await store.entry("b"), null);
});

test("r4 k2 keys and scan are sorted and match prefixes byte by byte", async (t) => {
  const { store } = await openStore(t);
  for (const key of ["nodes", "node.b", "node.a", "x"]) {
    await store.put(key, key.toUpperCase());
  }
  assert.deepEqual(await store.keys(), ["node.a", "node.b", "nodes", "x"]);
  assert.deepEqual(await store.keys("node."), ["node.a", "node.b"]);
  const scanned = await store.scan("node");
  assert.deepEqual(
    scanned.map(({ key, value }) => `${key}=${value}`),
    ["node.a=NODE.A", "node.b=NODE.B", "nodes=NODES"],
  );
  assert.deepEqual(scanned[0], await store.get("node.a"));
});

test("r4 keys and scan are complete at any size", async (t) => {
  const { store } = await openStore(t);
  const count = 20_000;
  const expected = Array.from({ length: count }, (_, i) => `k.${String(i).padStart(6, "0")}`);
  await Promise.all(expected.map((key) => store.put(key, key)));
  assert.deepEqual(await store.keys(), expected);
  const scanned = await store.scan();
  assert.deepEqual(
    scanned.map(({ key }) => key),
    expected,
  );
  assert.ok(scanned.every(({ key, value, version }) => value.equals(Buffer.from(key)) && version));
});

test("w1 create over nothing and over a tombstone", async (t) => {
  const { store } = await openStore(t);
  await store.create("a", "1");
  await assert.rejects(store.create("a", "2"), { code: "AlreadyExists" });
  await store.delete("a");
  await store.create("a", "3");
  assert.equal((await store.get("a")).value.toString(), "3");
});

test("w2 of many updates on one version exactly one wins", async (t) => {
  const { store } = await openStore(t, `file:${join(folder(t), "db")}`);
  const version = await store.put("a", "0");
  const updates = Array.from({ length: 50 }, (_, i) => store.update("a", `${i}`, version));
  const outcomes = await Promise.allSettled(updates);
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  const codes = new Set(outcomes.flatMap(({ reason }) => reason?.code ?? []));
  assert.deepEqual([...codes], ["RevisionMismatch"]);
});

test("w3 delete, and delete with a version", async (t) => {
  const { store } = await openStore(t);
  const version = await store.put("a", "1");
  const newer = await store.put("a", "2");
  await assert.rejects(store.deleteWithVersion("a", version), { code: "RevisionMismatch" });
  assert.equal(await store.deleteWithVersion("a", newer), true);
  assert.equal(await store.delete("a"), false);
  await store.put("a", "3");
  assert.equal(await store.delete("a"), true);
});

test("w4 purge leaves nothing", async (t) => {
  const { store } = await openStore(t);
  await store.put("a", "1");
  assert.equal(await store.purge("a"), undefined);
  assert.equal(await store.entry("a"), null);
  await store.purge("never");
});

test("w5 a time to live is in milliseconds", async (t) => {
  const { store } = await openStore(t);
  const version = await store.put("a", "1", { ttl: 50 });
  await store.update("a", "2", version, { ttl: 50 });
  await store.create("b", "1", { ttl: 50 });
  await store.put("c", "1", { ttl: 3_600_000 });
  await until(async () => (await store.keys()).length === 1, "the end of a and b");
  assert.deepEqual(await store.keys(), ["c"]);
  assert.equal(await store.entry("a"), null);
});

test("l2 a store is made with its options, and refused with bad ones", async (t) => {
  const { conn } = await openStore(t);
  const store = await conn.store("small", {
    storage: "memory",
    maxHistory: 3,
    maxAge: 60_000,
    maxBytes: 1_000,
    numReplicas: 1,
    discard: "new",
  });
  assert.equal(store.name, "small");
  await assert.rejects(store.put("a", Buffer.alloc(2_000, 1)), { code: "LimitExceeded" });
  for (const options of [
    { storage: "tape" },
    { discard: "maybe" },
    { maxHistory: 0 },
    { maxHistory: 1.5 },
    { maxHistory: 2 ** 40 },
    { maxAge: 0 },
    { maxAge: Number.NaN },
    { maxBytes: -1 },
    { maxBytes: Number.POSITIVE_INFINITY },
    { numReplicas: -1 },
  ]) {
    await assert.rejects(conn.store("bad", options), { code: "InvalidArgument" });
  }
});

test("l1 l5 health, capabilities and close", async () => {
  const conn = await connect("memory:");
  const store = await conn.store("test");
  assert.equal(conn.url, "memory:");
  assert.equal(conn.isHealthy, true);
  assert.equal(conn.capabilities.cas, true);
  assert.equal(typeof conn.capabilities.maxValueSize, "number");
  await conn.close();
  await conn.close();
  assert.equal(conn.isHealthy, false);
  for (const call of [
    () => store.get("a"),
    () => store.put("a", "1"),
    () => store.keys(),
    () => conn.store("test"),
  ]) {
    await assert.rejects(call, { code: "NotConnected" });
  }
});

test("l5 await using closes a connection", async () => {
  const conn = await connect("memory:");
  await conn[Symbol.asyncDispose]();
  assert.equal(conn.isHealthy, false);
});

test("memory:NAME is shared, memory: is not, file: outlives its connection", async (t) => {
  const shared = await openStore(t, "memory:node-api");
  const again = await openStore(t, "memory:node-api");
  await shared.store.put("a", "1");
  assert.equal((await again.store.get("a")).value.toString(), "1");
  assert.equal(await (await openStore(t)).store.get("a"), null);

  const url = `file:${join(folder(t), "db")}`;
  const conn = await connect(url);
  await (await conn.store("test")).put("a", "1");
  await conn.close();
  assert.equal((await (await openStore(t, url)).store.get("a")).value.toString(), "1");
});
