// A program that uses every type of the package, as an ES module. The compiler checks it, and that
// each mistake below is one.
import {
  type Capabilities,
  type Connection,
  type ConnectOptions,
  type Cursor,
  connect,
  type Delete,
  type Entry,
  type ErrorCode,
  InvalidArgument,
  KvError,
  type Purge,
  type Put,
  RevisionMismatch,
  type Store,
  type StoreOptions,
  type Update,
  type Version,
  type Watch,
  type WatchOptions,
  type WriteOptions,
} from "slipstream-kv";
import { type Live, live } from "slipstream-kv/debug";

const { signal } = new AbortController();

export async function right(url: string, saved: Buffer): Promise<Cursor> {
  const options: ConnectOptions = { timeout: 1_000, connectTimeout: 1_000, signal };
  await using conn: Connection = await connect(url, options);
  const capabilities: Capabilities = conn.capabilities;
  const healthy: boolean = conn.isHealthy && capabilities.cas;
  const made: StoreOptions = {
    storage: "memory",
    maxHistory: 1,
    maxAge: 1_000,
    maxBytes: 1_000,
    numReplicas: 1,
    discard: "old",
    signal,
  };
  const store: Store = await conn.store("nodes", made);
  const write: WriteOptions = { ttl: 1_000, signal };
  let version: Version = await store.put("a", "1", write);
  version = await store.create("b", new Uint8Array(1), { ttl: undefined });
  version = await store.update("a", Buffer.from("2"), version, write);
  const entry: Entry | null = (await store.get("a", { signal })) ?? (await store.entry("a"));
  const keys: string[] = await store.keys("a", { signal });
  const found: (Entry | null)[] = await store.getMany(new Set(keys), { signal });
  const entries: Entry[] = await store.scan();
  const gone: boolean =
    (await store.delete("a")) || (await store.deleteWithVersion("a", saved as Version));
  await store.purge("a", { signal });
  const resumed: WatchOptions = { cursor: saved as Cursor, signal };
  await using watch: Watch = store.watch("a.", "b.", resumed);
  await watch.synced({ signal });
  let cursor: Cursor = watch.cursor;
  for await (const update of watch) {
    cursor = update.cursor;
    handle(update);
  }
  for await (const updates of store.watch(...keys).batches()) {
    updates.forEach(handle);
  }
  for (const other of [store.watch(keys), store.watch(new Set(keys), "a.", { keys, signal })]) {
    await other.close();
  }
  const counts: Live = live();
  console.log(
    healthy,
    entry?.value,
    found[0]?.key,
    entries.length,
    gone,
    watch.isSynced,
    counts.watches,
  );
  return cursor;
}

function handle(update: Update): Put | Delete | Purge {
  switch (update.type) {
    case "put": {
      const value: Buffer = update.value;
      console.log(update.key, value.toString());
      return update;
    }
    case "delete":
    case "purge": {
      const none: undefined = update.value;
      console.log(update.key, none);
      return update;
    }
  }
}

export function explain(error: unknown): ErrorCode | "RevisionMismatch" | undefined {
  if (error instanceof RevisionMismatch) {
    const code: "RevisionMismatch" = error.code;
    return code;
  }
  if (error instanceof KvError) {
    const again: boolean = error.retryable || error.outcomeUnknown;
    console.log(again, error.key, error.store, error.operation);
    return error.code;
  }
  return new InvalidArgument("mine", { key: "a" }).code;
}

export async function wrong(store: Store, conn: Connection): Promise<void> {
  // @ts-expect-error a key is text
  await store.get(1);
  // @ts-expect-error a value is needed
  await store.put("a");
  // @ts-expect-error a value is text or bytes
  await store.put("a", 1);
  // @ts-expect-error a version is bytes, never a number
  await store.update("a", "1", 5);
  // @ts-expect-error there may be no entry
  (await store.get("a")).value;
  // @ts-expect-error keys are texts
  await store.getMany([1]);
  // @ts-expect-error there may be no entry
  (await store.getMany(["a"]))[0].value;
  // @ts-expect-error a time to live is a number
  await store.put("a", "1", { ttl: "1 s" });
  // @ts-expect-error there is no such option
  await store.put("a", "1", { expires: 1 });
  // @ts-expect-error there is no such storage
  await conn.store("a", { storage: "tape" });
  // @ts-expect-error a version is no cursor
  store.watch("", { cursor: await store.put("a", "1") });
  // @ts-expect-error a cursor is no version
  await store.update("a", "1", store.watch("").cursor);
  // @ts-expect-error any bytes are no version
  await store.update("a", "1", Buffer.from("1"));
  // @ts-expect-error a cursor is bytes
  store.watch("", { cursor: "x" });
  // @ts-expect-error keys are strings
  store.watch({ keys: [1] });
  // @ts-expect-error options come last
  store.watch({ signal }, "a");
  for await (const update of store.watch("")) {
    // @ts-expect-error a deletion has no value
    update.value.toString();
    // @ts-expect-error there is no such type
    console.log(update.type === "insert");
    // @ts-expect-error updates are read-only
    update.key = "b";
  }
  // @ts-expect-error a watch is asynchronous
  for (const _ of store.watch("")) {
  }
  // @ts-expect-error the kind of an error is read-only
  new InvalidArgument("mine").code = "InvalidArgument";
  // @ts-expect-error there is no such code
  const code: ErrorCode = "NotFound";
  console.log(code);
}
