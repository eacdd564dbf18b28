// Makes whatever calls it is told to, on one connection and store at a time.

import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connect } from "slipstream-kv";
import { answerCalls } from "./answers.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

let connection;
let store;
// Watches have names; one that is not told is the watch named "".
const watches = new Map();

const calls = {
  connect: async (url, options) => {
    connection = await connect(url, options);
  },
  store: async (name, options) => {
    store = await connection.store(name, options);
  },
  isHealthy: () => connection.isHealthy,
  /** What people may get to see of the connection. */
  shown: () => [
    connection.url,
    inspect(connection, { showHidden: true, depth: null, getters: true }),
    whyNot(() => JSON.stringify(connection)),
  ],
  close: () => connection.close(),
  /** So many puts, of so many keys in turn. */
  putMany: async (prefix, count, value, { atOnce = 64, keys = count } = {}) => {
    let number = 0;
    const put = async () => {
      while (number < count) await store.put(`${prefix}${number++ % keys}`, value);
    };
    await Promise.all(Array.from({ length: atOnce }, put));
  },
  watch: (...given) => {
    const last = given.at(-1);
    const { name = "", ...options } = typeof last === "object" ? given.pop() : {};
    const watch = store.watch(...given, options);
    watches.set(name, { watch, updates: watch[Symbol.asyncIterator]() });
  },
  synced: ({ name = "" } = {}) => watches.get(name).watch.synced(),
  next: async (count, { name = "" } = {}) => {
    const found = [];
    while (found.length < count) found.push((await watches.get(name).updates.next()).value);
    return found;
  },
  /** What a watch hands out, up to a key. */
  until: async (key, { name = "" } = {}) => {
    const found = [];
    while (found.at(-1)?.key !== key) {
      const { value } = await watches.get(name).updates.next();
      found.push({ key: value.key, version: value.version });
    }
    return found;
  },
  /** What a watch still hands out, and the error that it ends with. */
  rest: async ({ name = "" } = {}) => {
    const found = [];
    try {
      for await (const { key, version } of watches.get(name).watch) found.push({ key, version });
    } catch (error) {
      return { updates: found, ended: error.code };
    }
    return { updates: found, ended: null };
  },
  cursor: ({ name = "" } = {}) => watches.get(name).watch.cursor,
  closeWatch: ({ name = "" } = {}) => watches.get(name).watch.close(),
  /** Opens, reads and closes a file, as a backup does; its length. */
  readFile: (path) => readFileSync(path).length,
  /** Opens so many watches, and forgets them without closing any. */
  abandon: async (count) => {
    await Promise.all(Array.from({ length: count }, () => store.watch("").synced()));
    collect();
  },
};

/** What is said where something is refused. */
function whyNot(refused) {
  try {
    refused();
  } catch (error) {
    return String(error);
  }
  throw new Error("it was not refused");
}

/** Names come as Python writes them, times in seconds. */
function call(name, args, options) {
  const camel = name.replace(/_./g, (found) => found[1].toUpperCase());
  const method = calls[camel] ?? store[camel].bind(store);
  const named = Object.entries(options).map(([option, value]) => [
    option.replace(/_./g, (found) => found[1].toUpperCase()),
    ["timeout", "connect_timeout", "wait", "ttl", "max_age"].includes(option) ? value * 1000 : value,
  ]);
  return named.length > 0 ? method(...args, Object.fromEntries(named)) : method(...args);
}

/** An entry or an update as a caller of the other language tells it. */
function plain(value) {
  if (!("version" in value)) return value;
  const { type, key, value: content, version, cursor } = value;
  return type === undefined
    ? { key, value: content, version }
    : { type, key, value: content, version, cursor };
}

await answerCalls(call, plain);
