// What is refused before it does harm: bytes that are gone, times that are none, handles as data.
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { serialize } from "node:v8";
import { connect } from "slipstream-kv";
import { folder, openStore } from "./kit.mjs";

/** Arrays that had bytes and have none now, each made anew. */
const GONE = {
  "transferred to another": () => {
    const bytes = new Uint8Array([1, 2, 3]);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    return bytes;
  },
  "shrunk to less": () => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 8 });
    const bytes = new Uint8Array(buffer, 0, 8);
    buffer.resize(4);
    return bytes;
  },
  "shrunk to before it starts": () => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 8 });
    const bytes = Buffer.from(buffer, 4, 4);
    buffer.resize(2);
    return bytes;
  },
};

for (const [how, gone] of Object.entries(GONE)) {
  test(`x7 bytes whose buffer was ${how} are a TypeError and no empty value`, async (t) => {
    const { store } = await openStore(t);
    const version = await store.put("a", "1");
    for (const [call, name] of [
      [() => store.put("a", gone()), "value"],
      [() => store.create("b", gone()), "value"],
      [() => store.update("a", gone(), version), "value"],
      [() => store.update("a", "2", gone()), "version"],
      [() => store.deleteWithVersion("a", gone()), "version"],
      [async () => store.watch("", { cursor: gone() }), "cursor"],
    ]) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof TypeError, `${call}: ${error}`);
        assert.match(error.message, new RegExp(`^${name} must be `), `${call}`);
        return true;
      });
    }
    assert.deepEqual((await store.entry("a")).version, version);
    assert.equal(await store.entry("b"), null);
  });
}

test("x7 bytes that are there are written, however their buffer is kept", async (t) => {
  const { store } = await openStore(t);
  const resizable = new ArrayBuffer(8, { maxByteLength: 8 });
  const rest = new Uint8Array(resizable);
  resizable.resize(3);
  const shared = new Uint8Array(new SharedArrayBuffer(3));
  for (const bytes of [rest, shared, Buffer.alloc(3), new Uint8Array(10).subarray(7)]) {
    await store.put("a", bytes);
    assert.deepEqual((await store.get("a")).value, Buffer.alloc(3));
  }
  resizable.resize(0);
  for (const empty of [rest, new Uint8Array(0), Buffer.alloc(0), ""]) {
    await store.put("a", empty);
    assert.equal((await store.entry("a")).value.length, 0);
  }
});

test("g1 a time that is none is refused by name, and none wraps", async (t) => {
  const { conn, store } = await openStore(t);
  let stores = 0;
  const given = {
    timeout: async (time) => (await connect("memory:", { timeout: time })).close(),
    connectTimeout: async (time) => (await connect("memory:", { connectTimeout: time })).close(),
    maxAge: async (maxAge) => {
      stores += 1;
      const aging = await conn.store(`aging-${stores}`, { maxAge });
      await aging.put("a", "1");
      return aging.get("a");
    },
    ttl: async (ttl) => {
      await store.put("put", "1", { ttl });
      return store.get("put");
    },
  };
  const version = await store.put("updated", "1");
  const writes = [
    (ttl) => store.put("a", "1", { ttl }),
    (ttl) => store.create("a", "1", { ttl }),
    (ttl) => store.update("updated", "2", version, { ttl }),
  ];
  const all = [...Object.entries(given), ...writes.map((write) => ["ttl", write])];
  const { NaN: none, POSITIVE_INFINITY: endless, NEGATIVE_INFINITY: before } = Number;
  const spelled = (name) => new RegExp(name.replace(/[A-Z]/g, "(?:$&|_\\w)"));
  for (const [name, call] of all) {
    for (const time of [0, -0, -1, -1e300, none, endless, before, 1e300, Number.MAX_VALUE]) {
      await assert.rejects(call(time), (error) => {
        assert.equal(error.code, "InvalidArgument", `${name} ${time}: ${error}`);
        assert.match(error.message, spelled(name), `${name} ${time}`);
        return true;
      });
    }
    for (const time of [1n, 2n ** 64n + 1n, "1", "1 s", new Date(), null, true, {}, [1]]) {
      await assert.rejects(call(time), (error) => {
        assert.ok(error instanceof TypeError, `${name} ${typeof time}: ${error}`);
        assert.match(error.message, new RegExp(`^${name} must be a number`));
        return true;
      });
    }
  }
  assert.equal(await store.get("a"), null);
  assert.deepEqual((await store.get("updated")).version, version);
  // What would be a millisecond or none if only its last 64, 63, 53 or 32 bits were kept.
  for (const name of ["maxAge", "ttl"]) {
    for (const time of [2 ** 64 + 4096, 2 ** 64, 2 ** 63, 2 ** 53 + 2, 2 ** 32 + 1]) {
      const found = await given[name](time).catch((error) => error);
      const refused = found?.code === "InvalidArgument" && spelled(name).test(found.message);
      assert.ok(refused || found?.value?.toString() === "1", `${name} ${time}: ${found}`);
    }
  }
});

test("x5 handles refuse to be cloned, sent or serialised", async (t) => {
  const { conn, store } = await openStore(t, `file:${join(folder(t), "db")}`);
  const watch = store.watch("");
  t.after(() => watch.close());
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  t.after(() => port2.close());
  const handles = { conn, store, watch, items: watch[Symbol.asyncIterator]() };
  for (const [name, handle] of Object.entries(handles)) {
    for (const [how, copy] of [
      ["structuredClone", () => structuredClone(handle)],
      ["structuredClone within", () => structuredClone({ list: [handle] })],
      ["postMessage", () => port1.postMessage(handle)],
      ["serialize", () => serialize(handle)],
      ["serialize within", () => serialize(new Map([["a", handle]]))],
    ]) {
      assert.throws(copy, /clone/i, `${how} of ${name}`);
    }
  }
  for (const handle of [conn, store, watch]) {
    assert.throws(() => JSON.stringify(handle), /cannot be serialised; send the connection's URL/);
    assert.throws(() => JSON.stringify({ list: [handle] }), TypeError);
    assert.deepEqual(Object.keys(handle), []);
  }
  // What they give is data.
  await store.put("a", "1");
  const entry = structuredClone(await store.get("a"));
  assert.equal(Buffer.from(entry.value).toString(), "1");
});
