// Reads and writes without a pause until it is killed.

import { connect } from "slipstream-kv";

const IN_FLIGHT = 16;

const connection = await connect(process.argv[2], { timeout: 60_000 });
const store = await connection.store("state");
await store.put("storm.0", "0");
console.log(JSON.stringify("going"));

async function goOn(name) {
  while (true) {
    await store.put(name, Buffer.alloc(1000));
    await store.scan("storm.");
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, (_, index) => goOn(`storm.${index}`)));
