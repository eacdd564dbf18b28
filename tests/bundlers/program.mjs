// What a bundle does: it writes, is refused, watches and reads, in each store that it is told of.
import { connect, RevisionMismatch } from "slipstream-kv";
import { live } from "slipstream-kv/debug";

async function use(url) {
  const conn = await connect(url);
  const store = await conn.store("s");
  const version = await store.put("k", "old");
  await store.update("k", "new", version);
  const refused = await store.update("k", "newer", version).catch((error) => error);
  if (!(refused instanceof RevisionMismatch)) {
    throw new Error(`not refused: ${refused}`);
  }
  for await (const update of store.watch("")) {
    console.log(url.split(":")[0], update.type, update.key, update.value.toString());
    break;
  }
  await conn.close();
}

async function main() {
  for (const url of process.argv.slice(2)) {
    await use(url);
  }
  console.log(live().sessions > 0);
}

main();
