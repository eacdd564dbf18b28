// Makes the calls that come in as lines of JSON, on one connection, store and watch at a time.

import { createInterface } from "node:readline";
import { connect } from "slipstream-kv";

let connection;
let store;
let watch;
let updates;

const calls = {
  connect: async (url, options) => {
    connection = await connect(url, options);
  },
  store: async (name, options) => {
    store = await connection.store(name, options);
  },
  close: () => connection.close(),
  watch: (...prefixesAndOptions) => {
    watch = store.watch(...prefixesAndOptions);
    updates = watch[Symbol.asyncIterator]();
  },
  synced: () => watch.synced(),
  next: async (count) => {
    const found = [];
    while (found.length < count) found.push((await updates.next()).value);
    return found;
  },
  cursor: () => watch.cursor,
};

/** Names come as Python writes them, times in seconds. */
function call(name, args, options) {
  const camel = name.replace(/_./g, (found) => found[1].toUpperCase());
  const method = calls[camel] ?? store[camel].bind(store);
  const named = Object.entries(options).map(([option, value]) => [
    option.replace(/_./g, (found) => found[1].toUpperCase()),
    ["timeout", "connect_timeout", "ttl", "max_age"].includes(option) ? value * 1000 : value,
  ]);
  return named.length > 0 ? method(...args, Object.fromEntries(named)) : method(...args);
}

function decode(value) {
  return typeof value?.hex === "string" ? Buffer.from(value.hex, "hex") : value;
}

function encode(value) {
  if (Buffer.isBuffer(value)) return { hex: value.toString("hex") };
  if (Array.isArray(value)) return value.map(encode);
  if (value === null || typeof value !== "object") return value ?? null;
  const { type, key, value: content, version, cursor } = value;
  const entry = { key, value: encode(content ?? null), version: encode(version) };
  return type === undefined ? entry : { type, ...entry, cursor: encode(cursor) };
}

function describe(error) {
  return {
    name: error.constructor.name,
    message: error.message,
    code: error.code ?? null,
    retryable: error.retryable ?? null,
    outcome_unknown: error.outcomeUnknown ?? null,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  const options = Object.fromEntries(
    Object.entries(told.options).map(([name, value]) => [name, decode(value)]),
  );
  let said;
  try {
    said = { answer: encode(await call(told.call, told.arguments.map(decode), options)) };
  } catch (error) {
    said = { error: describe(error) };
  }
  console.log(JSON.stringify(said));
}
