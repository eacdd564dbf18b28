// Makes whatever calls it is told to with @nats-io/kv: what its users do and see.

import { createRequire } from "node:module";
import { answerCalls } from "./answers.mjs";

// It is among the tools of the npm package, whose folder this one is outside of.
const require = createRequire(new URL("../../../node/package.json", import.meta.url));
const { Kvm } = require("@nats-io/kv");
const { connect } = require("@nats-io/transport-node");

const TYPES = { PUT: "put", DEL: "delete", PURGE: "purge" };

let buckets;
let bucket;
let updates;

const calls = {
  connect: async (servers) => {
    buckets = new Kvm(await connect({ servers }));
  },
  make: async (name, config) => {
    bucket = await buckets.create(name, config);
  },
  open: async (name) => {
    bucket = await buckets.open(name);
  },
  get: async (key) => {
    const entry = await bucket.get(key);
    // It gives the marker of a key that is gone.
    return entry?.operation === "PUT" ? entry : null;
  },
  put: (key, value) => bucket.put(key, value),
  create: (key, value, { ttl } = {}) => bucket.create(key, value, ttl && `${ttl}s`),
  update: (key, value, revision) => bucket.update(key, value, revision),
  delete: (key, revision) => bucket.delete(key, revision && { previousSeq: revision }),
  purge: (key) => bucket.purge(key),
  keys: async () => {
    const keys = [];
    for await (const key of await bucket.keys()) keys.push(key);
    return keys.sort();
  },
  watch: async (filter) => {
    updates = (await bucket.watch({ key: filter }))[Symbol.asyncIterator]();
  },
  next: async (count) => {
    const found = [];
    while (found.length < count) {
      const { value } = await updates.next();
      found.push({ type: TYPES[value.operation], ...plain(value) });
    }
    return found;
  },
};

function plain({ key, value, revision }) {
  return { key, value, revision };
}

const call = (name, args, options) =>
  Object.keys(options).length > 0 ? calls[name](...args, options) : calls[name](...args);

await answerCalls(call, (found) => (found.operation === undefined ? found : plain(found)));
