// Closes a connection while writes of every kind are under way, and says what each was told.

import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, KvError } from "slipstream-kv";

const ttl = 600_000;
const KINDS = {
  put: (store, key) => store.put(key, key),
  put_ttl: (store, key) => store.put(key, key, { ttl }),
  create: (store, key) => store.create(key, key),
  create_ttl: (store, key) => store.create(key, key, { ttl }),
  update: (store, key, version) => store.update(key, key, version),
  update_ttl: (store, key, version) => store.update(key, key, version, { ttl }),
  delete: (store, key) => store.delete(key),
  delete_with_version: (store, key, version) => store.deleteWithVersion(key, version),
  purge: (store, key) => store.purge(key),
};
const FIRST = ["update", "update_ttl", "delete", "delete_with_version", "purge"];

const [, url, timeout] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (said) => console.log(JSON.stringify(said));

for await (const line of lines) {
  const { round, writes: count, after, late } = JSON.parse(line);
  const conn = await connect(url, { timeout: Number(timeout) * 1000 });
  const store = await conn.store("closing");
  const kinds = Object.keys(KINDS);
  const writes = Array.from({ length: count }, (_, i) => [kinds[i % kinds.length], `${round}.${i}`]);
  const versions = {};
  for (const [kind, key] of writes) {
    if (FIRST.includes(kind)) versions[key] = await store.put(key, "-");
  }
  say("ready");
  await lines.next();
  const call = async ([kind, key]) => {
    let [code, unknown] = [null, null];
    try {
      await KINDS[kind](store, key, versions[key]);
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      [code, unknown] = [error.code, error.outcomeUnknown];
    }
    return { kind, key, code, unknown };
  };
  const calls = writes.slice(0, count - late).map(call);
  if (after > 0) await sleep(after * 1000);
  const closing = conn.close();
  calls.push(...writes.slice(count - late).map(call));
  const told = await Promise.all(calls);
  await closing;
  say(told);
}
