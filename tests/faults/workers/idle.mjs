// Waits in many watches, and tells how many of them heard of the first write.

import { connect } from "slipstream-kv";

const [url, count] = process.argv.slice(2);
const connection = await connect(url);
const store = await connection.store("state");
const watches = Array.from({ length: Number(count) }, () => store.watch(""));
const waits = watches.map((watch) => watch[Symbol.asyncIterator]().next());
await Promise.all(watches.map((watch) => watch.synced()));
console.log(JSON.stringify("watching"));
console.log(JSON.stringify((await Promise.all(waits)).length));
await connection.close();
