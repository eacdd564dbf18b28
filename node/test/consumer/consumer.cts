// A program that uses the package as CommonJS. The compiler checks it, and that each mistake below
// is one.
import kv = require("slipstream-kv");
import debug = require("slipstream-kv/debug");

async function right(): Promise<string> {
  const conn: kv.Connection = await kv.connect("memory:");
  const store: kv.Store = await conn.store("nodes");
  try {
    const version: kv.Version = await store.create("a", "1");
    const entry: kv.Entry | null = await store.get("a");
    const watch: kv.Watch = store.watch("", { cursor: Buffer.from(version) as kv.Cursor });
    await watch.close();
    return `${entry?.value} ${debug.live().stores}`;
  } catch (error) {
    if (error instanceof kv.AlreadyExists) {
      return error.code;
    }
    throw error;
  } finally {
    await conn.close();
  }
}

async function wrong(store: kv.Store): Promise<void> {
  // @ts-expect-error a key is text
  await store.get(1);
  // @ts-expect-error there is no such method
  await store.set("a", "1");
}

export = { right, wrong };
