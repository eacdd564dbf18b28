// Puts keys that start with a prefix, several at a time, and notes each when it is acknowledged.

import { openSync, writeSync } from "node:fs";
import { connect } from "slipstream-kv";

const IN_FLIGHT = 8;

const [url, name, prefix, count, acknowledgedFile] = process.argv.slice(2);
const acknowledged = openSync(acknowledgedFile, "a");
const connection = await connect(url);
const store = await connection.store(name);
console.log(JSON.stringify("ready"));

let number = 0;
async function put() {
  while (number < Number(count)) {
    const key = `${prefix}${number++}`;
    await store.put(key, `value of ${key}`);
    writeSync(acknowledged, `${key}\n`);
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, put));
console.log(JSON.stringify("done"));
await connection.close();
