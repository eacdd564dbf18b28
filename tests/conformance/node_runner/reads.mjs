// Steps of reads that are compared with each other.

import assert from "node:assert/strict";
import { manyKeys } from "./bulk.mjs";
import { assertSameBytes } from "./expectation.mjs";
import { camelCase } from "./world.mjs";

/** Reads many keys at once, and each by itself, which must tell the same (R1). */
export async function getMany(world, { keys = [], many, expect, count, store = "main", error }) {
  const reader = world.stores.get(store);
  const named = many ? manyKeys(many) : keys.map((key) => world.names.text(key));
  const found = await world.expecting(error, () => reader.getMany(named));
  if (error) return;
  assert.equal(found.length, named.length);
  for (const [index, key] of named.entries()) assertSame(found[index], await reader.get(key));
  if (expect) {
    assert.equal(found.length, expect.length);
    for (const [index, text] of expect.entries()) {
      if (text === null) assert.equal(found[index], null, named[index]);
      else assertSameBytes(found[index]?.value, world.names.bytes(text), named[index]);
    }
  }
  if (count !== undefined) assert.equal(found.filter((entry) => entry !== null).length, count);
}

/** That `keys`, `scan`, `get`, `getMany` and `entry` tell the same (R4). */
export async function readsAgree(world, { prefix = "", store = "main" }) {
  const reader = world.stores.get(store);
  const entries = await reader.scan(prefix);
  const keys = entries.map((entry) => entry.key);
  assert.deepEqual(keys, [...new Set(keys)].sort());
  assert.deepEqual(await reader.keys(prefix), keys);
  const many = await reader.getMany(keys);
  assert.equal(many.length, keys.length);
  for (const [index, entry] of entries.entries()) {
    const { key } = entry;
    for (const other of [many[index], await reader.get(key), await reader.entry(key)]) {
      assertSame(other, entry);
    }
  }
}

function assertSame(entry, expected) {
  if (expected === null) return assert.equal(entry, null);
  assert(entry, `${expected.key} was not found`);
  assert.equal(entry.key, expected.key);
  assertSameBytes(entry.value, expected.value, entry.key);
  assertSameBytes(entry.version, expected.version, entry.key);
}

export async function info(world, { store = "main", expect = {}, error }) {
  const told = await world.expecting(error, () => world.stores.get(store).info());
  for (const [name, value] of Object.entries(expect)) {
    if (name === "version") {
      assertSameBytes(told.version, world.names.token(value));
    } else if (name === "limits") {
      for (const [limit, is] of Object.entries(value)) {
        const seconds = limit === "max_age" && is !== null;
        assert.equal(told.limits[camelCase(limit)], seconds ? is * 1000 : is, limit);
      }
    } else {
      assert.equal(told[name], value, name);
    }
  }
}
