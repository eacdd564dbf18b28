// Errors: their classes, what they say, and what is refused with which of them.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import test from "node:test";
import { folder, openStore } from "./kit.mjs";

const esm = await import("slipstream-kv");
const cjs = createRequire(import.meta.url)("slipstream-kv");
const KINDS = [
  "NotConnected",
  "ConnectionFailed",
  "KeyNotFound",
  "AlreadyExists",
  "RevisionMismatch",
  "DeserializationError",
  "SerializationError",
  "WatchError",
  "OperationFailed",
  "Timeout",
  "CursorExpired",
  "InvalidArgument",
  "LimitExceeded",
  "PermissionDenied",
  "StoreNotFound",
];

test("e the fifteen kinds are classes under one base, in both copies", () => {
  assert.notEqual(esm.KvError, cjs.KvError);
  assert.deepEqual(Object.keys(esm).sort(), Object.keys(cjs).sort());
  for (const kind of KINDS) {
    const error = new esm[kind]("no", { key: "a", retryable: true });
    assert.equal(error.code, kind);
    assert.equal(error.name, kind);
    assert.equal(String(error), `${kind}: no`);
    assert.equal(error.key, "a");
    assert.equal(error.retryable, true);
    for (const copy of [esm, cjs]) {
      assert.ok(error instanceof copy.KvError);
      for (const other of KINDS) {
        assert.equal(error instanceof copy[other], other === kind, `${kind} of ${other}`);
      }
    }
  }
});

test("e instanceof tells a program's own subclass apart, and takes any value", () => {
  class Mine extends esm.Timeout {}
  assert.ok(new Mine("m") instanceof Mine);
  assert.ok(new Mine("m") instanceof esm.Timeout);
  assert.ok(!(new esm.Timeout("m") instanceof Mine));
  for (const value of [null, undefined, 1, "Timeout", {}, new Error("Timeout")]) {
    assert.ok(!(value instanceof esm.KvError));
    assert.ok(!(value instanceof esm.Timeout));
  }
});

test("e an error says what was asked of which key and store", async (t) => {
  const { store } = await openStore(t);
  await store.create("a", "1");
  const error = await store.create("a", "2").catch((error) => error);
  assert.ok(error instanceof esm.AlreadyExists && error instanceof cjs.AlreadyExists);
  assert.ok(error instanceof Error);
  const { code, retryable, key, store: of, operation, outcomeUnknown } = error;
  assert.deepEqual(
    { code, retryable, key, of, operation, outcomeUnknown },
    {
      code: "AlreadyExists",
      retryable: false,
      key: "a",
      of: "test",
      operation: "create",
      outcomeUnknown: false,
    },
  );
  assert.match(error.message, /create "a" in "test"/);
});

test("e an error's stack leads to the call, also if its answer came later", async (t) => {
  const { store } = await openStore(t, `file:${join(folder(t), "db")}`);
  await store.create("a", "1");
  async function caller() {
    await store.create("a", "2");
  }
  const error = await caller().catch((error) => error);
  assert.equal(error.code, "AlreadyExists");
  assert.match(error.stack, /at async caller/);
});

test("k1 k2 k3 k4 keys, prefixes and names of another form are refused, by name", async (t) => {
  const { conn, store } = await openStore(t);
  for (const key of ["", ".a", "a.", "a..b", "a b", "a.*", "\ud800", ":".repeat(3073)]) {
    for (const call of [
      () => store.get(key),
      () => store.entry(key),
      () => store.getMany(["fine", key, "fine"]),
      () => store.put(key, "1"),
      () => store.create(key, "1"),
      () => store.update(key, "1", Buffer.alloc(8)),
      () => store.delete(key),
      () => store.deleteWithVersion(key, Buffer.alloc(8)),
      () => store.purge(key),
    ]) {
      await assert.rejects(call, { code: "InvalidArgument" });
    }
  }
  for (const key of ["a*", "a:b", "ž", "k".repeat(1025)]) {
    await assert.rejects(store.put(key, "1"), { code: "InvalidArgument" });
    await assert.rejects(store.create(key, "1"), { code: "InvalidArgument" });
    assert.equal(await store.get(key), null);
  }
  for (const prefix of ["a*", "a>", "a b"]) {
    await assert.rejects(store.keys(prefix), { code: "InvalidArgument" });
    await assert.rejects(store.scan(prefix), { code: "InvalidArgument" });
    assert.throws(() => store.watch("ok", prefix), { code: "InvalidArgument" });
  }
  for (const name of ["", "a b", "a.b", "n".repeat(65)]) {
    await assert.rejects(conn.store(name), { code: "InvalidArgument" });
  }
  await assert.rejects(store.get("bad key"), /bad key/);
  await assert.rejects(store.getMany(["a", "bad key", "b"]), { key: "bad key", store: "test" });
});

test("v1 v4 v5 tokens and cursors of a foreign shape are refused", async (t) => {
  const { store } = await openStore(t);
  await store.put("a", "1");
  for (const length of [0, 10, 11]) {
    const token = Buffer.alloc(length, 1);
    const refused = { code: "InvalidArgument" };
    await assert.rejects(store.update("a", "2", token), refused);
    await assert.rejects(store.deleteWithVersion("a", token), refused);
  }
  const cursor = Buffer.alloc(30, 9);
  assert.throws(() => store.watch("", { cursor }), { code: "InvalidArgument", operation: "watch" });
});

test("wrong values of options are InvalidArgument", async (t) => {
  const { store } = await openStore(t);
  for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(store.put("a", "1", { ttl }), { code: "InvalidArgument" });
    await assert.rejects(esm.connect("memory:", { timeout: ttl }), { code: "InvalidArgument" });
  }
  assert.equal(await store.get("a"), null);
  for (const url of ["", "memory", "memory:a b", "file:", "redis://user:secret@host"]) {
    const error = await esm.connect(url).catch((error) => error);
    assert.equal(error.code, "InvalidArgument", url);
    assert.doesNotMatch(error.message, /secret/);
  }
});

test("l4 what cannot be opened fails with its cause", async (t) => {
  const path = join(folder(t), "missing", "db");
  const error = await esm.connect(`file:${path}`).catch((error) => error);
  assert.ok(error instanceof esm.ConnectionFailed, String(error));
  assert.match(error.message, /missing/);
});

test("an option of nats is refused by name with an embedded url", async () => {
  const options = {
    creds: "secret",
    credsFile: "user.creds",
    nkey: "secret",
    token: "secret",
    user: "secret",
    password: "secret",
    tlsCa: "ca.pem",
    tlsCert: "cert.pem",
    tlsKey: "key.pem",
    tlsFirst: true,
    staleReads: true,
    clientName: "secret",
  };
  for (const [name, value] of Object.entries(options)) {
    const core = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    await assert.rejects(esm.connect("memory:", { [name]: value }), (error) => {
      assert.ok(error instanceof esm.InvalidArgument);
      assert.match(error.message, new RegExp(`${core} is an option of connections to NATS`));
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});

test("wrong types of arguments are TypeErrors that name the argument", async (t) => {
  const { conn, store } = await openStore(t);
  const token = Buffer.alloc(8);
  for (const [call, name] of [
    [() => store.get(1), "key"],
    [() => store.get(), "key"],
    [() => store.entry(null), "key"],
    [() => store.getMany("a"), "keys"],
    [() => store.getMany(), "keys"],
    [() => store.getMany({ a: 1 }), "keys"],
    [() => store.getMany(["a", 1]), "each of keys"],
    [() => store.getMany(Buffer.from("a")), "each of keys"],
    [() => store.keys(1), "prefix"],
    [() => store.scan({}), "prefix"],
    [() => store.put("a"), "value"],
    [() => store.put("a", 1), "value"],
    [() => store.put("a", [1]), "value"],
    [() => store.put("a", new ArrayBuffer(1)), "value"],
    [() => store.put("a", "1", { ttl: "1" }), "ttl"],
    [() => store.put("a", "1", 5), "options"],
    [() => store.create("a", {}), "value"],
    [() => store.update("a", "1", "version"), "version"],
    [() => store.update("a", "1"), "version"],
    [() => store.deleteWithVersion("a", 5), "version"],
    [() => store.delete(Symbol("a")), "key"],
    [() => store.purge(() => {}), "key"],
    [() => store.get("a", { signal: {} }), "signal"],
    [() => store.get("a", { signal: null }), "signal"],
    [() => store.get("a", "signal"), "options"],
    [async () => store.watch(1), "options"],
    [async () => store.watch(1, "b"), "prefix"],
    [async () => store.watch("a", [1]), "each of prefixes"],
    [async () => store.watch({ keys: "a" }), "keys"],
    [async () => store.watch({ keys: null }), "keys"],
    [async () => store.watch({ keys: ["a", 1] }), "each of keys"],
    [async () => store.watch("", { cursor: "x" }), "cursor"],
    [() => store.update("a", "1", token, { ttl: 1n }), "ttl"],
    [() => conn.store(1), "name"],
    [() => conn.store("a", { storage: 1 }), "storage"],
    [() => conn.store("a", { maxHistory: "1" }), "maxHistory"],
    [() => conn.store("a", { maxBytes: 1n }), "maxBytes"],
    [() => esm.connect(1), "url"],
    [() => esm.connect("memory:", { timeout: "1" }), "timeout"],
    [() => esm.connect("nats://host", { token: 7 }), "token"],
    [() => esm.connect("nats://host", { credsFile: null }), "credsFile"],
    [() => esm.connect("nats://host", { tlsFirst: "yes" }), "tlsFirst"],
  ]) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof TypeError, `${call}: ${error}`);
      assert.match(error.message, new RegExp(`^${name} must be `), `${call}`);
      return true;
    });
  }
});
