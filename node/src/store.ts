// One store: reads, writes, and the opening of watches.

import type { NativeKeys, NativeStore } from "./addon.js";
import {
  bytes,
  isPrefixes,
  items,
  optionalBytes,
  optionalNumber,
  optionsOf,
  type Prefixes,
  prefixesOf,
  signalOf,
  text,
  texts,
  valueBytes,
} from "./arguments.js";
import type { CallOptions, WriteOptions } from "./call.js";
import { addEntries, addFound, type Entry, toEntry } from "./entry.js";
import { eventLoop } from "./event-loop.js";
import { Handle } from "./handle.js";
import { type StoreInfo, toInfo } from "./info.js";
import { native } from "./native.js";
import type { Version } from "./tokens.js";
import { Watch, type WatchOptions } from "./watch.js";

/** So many keys are handed to the native side in one turn of the event loop. */
const KEYS_AT_ONCE = 2048;

/**
 * One store: reads, writes, compare-and-swap and watches. Made by {@link Connection.store}.
 *
 * Keys follow rule K1 where they may be made, and K4 elsewhere, else {@link InvalidArgument}. Every call ends in {@link Timeout} after the
 * connection's deadline (L3), and in {@link NotConnected} once it is closed.
 *
 * @example
 * ```ts
 * let version = await store.put("node.a", "10.0.0.1");
 * version = await store.update("node.a", "10.0.0.2", version);
 * const entry = await store.get("node.a");
 * console.log(entry?.value.toString());
 * ```
 */
export class Store extends Handle {
  readonly #native: NativeStore;

  /** @internal */
  constructor(native: NativeStore) {
    super();
    this.#native = native;
  }

  /** The store's name. */
  get name(): string {
    return this.#native.name();
  }

  /**
   * The live entry of `key`, or `null` (R1).
   *
   * @example
   * ```ts
   * const entry = await store.get("node.a");
   * ```
   */
  async get(key: string, options?: CallOptions): Promise<Entry | null> {
    const signal = signalOf(options);
    const answer = this.#native.get(text("key", key));
    return toEntry(key, await eventLoop.settle(answer, signal));
  }

  /**
   * What {@link Store.get} finds for each of `keys`, in their order: entries, with `null` where
   * there is none (R1). Cheaper than as many calls: a store that can is asked for all of them at
   * once. Others may write between the reads of two keys. `keys` is any iterable of keys; one may
   * be there twice.
   *
   * @throws {@link InvalidArgument} if a key breaks rule K4; nothing is read then.
   *
   * @example
   * ```ts
   * const [first, second] = await store.getMany(["node.a", "node.b"]);
   * ```
   */
  async getMany(keys: Iterable<string>, options?: CallOptions): Promise<(Entry | null)[]> {
    const signal = signalOf(options);
    const asked = items("keys", keys);
    const answer =
      asked.length <= KEYS_AT_ONCE
        ? this.#native.getMany(texts("keys", asked))
        : this.#native.getManyOf(await handOver(asked, signal));
    const list = await eventLoop.settle(answer, signal);
    const found: (Entry | null)[] = [];
    await eventLoop.each(list, (pages) => addFound(found, asked as string[], pages), signal);
    return found;
  }

  /**
   * The raw last record of `key`, which may be a tombstone: an empty value and its version, to
   * compare-and-swap over (R3). `null` if the key was never written, or purged, or expired.
   *
   * @example
   * ```ts
   * const tombstone = await store.entry("node.a");
   * ```
   */
  async entry(key: string, options?: CallOptions): Promise<Entry | null> {
    const signal = signalOf(options);
    const answer = this.#native.entry(text("key", key));
    return toEntry(key, await eventLoop.settle(answer, signal));
  }

  /**
   * How much the store holds, and its limits as they are (R7). In memory and in a file it costs about
   * what `get` does. On NATS it counts the keys, which costs as much as `keys`.
   *
   * @example
   * ```ts
   * const { keys, limits } = await store.info();
   * ```
   */
  async info(options?: CallOptions): Promise<StoreInfo> {
    const signal = signalOf(options);
    return toInfo(await eventLoop.settle(this.#native.info(), signal));
  }

  /**
   * Every live key with this prefix, sorted (R4). A prefix is any leading part of a key (K2);
   * the empty one is every key.
   *
   * @example
   * ```ts
   * const keys = await store.keys("node.");
   * ```
   */
  async keys(prefix = "", options?: CallOptions): Promise<string[]> {
    const signal = signalOf(options);
    const list = await eventLoop.settle(this.#native.keys(text("prefix", prefix)), signal);
    return eventLoop.gather(list, signal);
  }

  /**
   * Every live entry whose key has this prefix, sorted by key (R4).
   *
   * @example
   * ```ts
   * for (const { key, value } of await store.scan("node.")) console.log(key, value);
   * ```
   */
  async scan(prefix = "", options?: CallOptions): Promise<Entry[]> {
    const signal = signalOf(options);
    const answer = this.#native.scan(text("prefix", prefix));
    const list = await eventLoop.settle(answer, signal);
    const entries: Entry[] = [];
    await eventLoop.each(list, (pages) => addEntries(entries, pages), signal);
    return entries;
  }

  /**
   * Writes unconditionally (W1), for `ttl` milliseconds if given (W5), and returns the version.
   * Text is written as UTF-8. An empty value is a value: reads show it (R2).
   *
   * @throws {@link LimitExceeded} if the value is too large or the store is full (W7).
   *
   * @example
   * ```ts
   * const version = await store.put("node.a", "10.0.0.1", { ttl: 30_000 });
   * ```
   */
  async put(key: string, value: string | Uint8Array, options?: WriteOptions): Promise<Version> {
    const signal = signalOf(options);
    const ttl = optionalNumber("ttl", options?.ttl);
    return eventLoop.settle(this.#native.put(text("key", key), valueBytes(value), ttl), signal);
  }

  /**
   * Writes where there is no live value (W1), for `ttl` milliseconds if given (W5), and returns
   * the version.
   *
   * @throws {@link AlreadyExists} if there is one.
   *
   * @example
   * ```ts
   * const lease = await store.create("lock", "me", { ttl: 10_000 });
   * ```
   */
  async create(key: string, value: string | Uint8Array, options?: WriteOptions): Promise<Version> {
    const signal = signalOf(options);
    const ttl = optionalNumber("ttl", options?.ttl);
    return eventLoop.settle(this.#native.create(text("key", key), valueBytes(value), ttl), signal);
  }

  /**
   * Writes if `version` is the current version of the key (W2), for `ttl` milliseconds if given
   * (W5), and returns the new version.
   *
   * @throws {@link RevisionMismatch} if it is not, or if the key is absent;
   * {@link InvalidArgument} for a version of a wrong shape (V5).
   *
   * @example
   * ```ts
   * version = await store.update("node.a", "10.0.0.2", version);
   * ```
   */
  async update(
    key: string,
    value: string | Uint8Array,
    version: Version,
    options?: WriteOptions,
  ): Promise<Version> {
    const signal = signalOf(options);
    const ttl = optionalNumber("ttl", options?.ttl);
    const [name, content] = [text("key", key), valueBytes(value)];
    const answer = this.#native.update(name, content, bytes("version", version), ttl);
    return eventLoop.settle(answer, signal);
  }

  /**
   * Deletes the key, leaving a tombstone; idempotent (W3). `false` if there was nothing live.
   *
   * @example
   * ```ts
   * await store.delete("node.a");
   * ```
   */
  async delete(key: string, options?: CallOptions): Promise<boolean> {
    const signal = signalOf(options);
    return eventLoop.settle(this.#native.delete(text("key", key)), signal);
  }

  /**
   * Deletes the key if `version` is its current version (W3).
   *
   * @throws {@link RevisionMismatch} if it is not; {@link InvalidArgument} for a version of a
   * wrong shape (V5).
   *
   * @example
   * ```ts
   * await store.deleteWithVersion("node.a", entry.version);
   * ```
   */
  async deleteWithVersion(key: string, version: Version, options?: CallOptions): Promise<boolean> {
    const signal = signalOf(options);
    const answer = this.#native.deleteWithVersion(text("key", key), bytes("version", version));
    return eventLoop.settle(answer, signal);
  }

  /**
   * Drops the key's value and history and reclaims their bytes; an absent key is no error (W4).
   *
   * @example
   * ```ts
   * await store.purge("node.a");
   * ```
   */
  async purge(key: string, options?: CallOptions): Promise<void> {
    const signal = signalOf(options);
    await eventLoop.settle(this.#native.purge(text("key", key)), signal);
  }

  /**
   * Watches every key, or those that have one of `prefixes`, or exactly `keys`: all of their state
   * first, or what came after `cursor`, then every change (section S). Prefixes and keys together
   * are one watch of all of them, which tells each update once (S6).
   *
   * `prefixes` are strings, or arrays or other iterables of them. Without any prefixes and keys it
   * is every key; an empty array is none, so that the watch ends at once.
   *
   * @throws {@link InvalidArgument} for a prefix, key or cursor that is none.
   *
   * @example
   * ```ts
   * for await (const update of store.watch("node.", { cursor, signal })) {
   *   console.log(update.type, update.key, update.value?.toString());
   *   cursor = update.cursor;
   * }
   * ```
   */
  watch(...prefixes: Prefixes[]): Watch;
  watch(...prefixesAndOptions: [...prefixes: Prefixes[], options: WatchOptions | undefined]): Watch;
  watch(...given: (Prefixes | WatchOptions | undefined)[]): Watch {
    const last = given.at(-1);
    const options = isPrefixes(last) ? undefined : optionsOf(last);
    const prefixes = given.slice(0, given.length === 0 || options === undefined ? undefined : -1);
    const signal = signalOf(options);
    const native = this.#native.watch(
      prefixes.length === 0 ? undefined : prefixes.flatMap(prefixesOf),
      options?.keys === undefined ? undefined : texts("keys", items("keys", options.keys)),
      optionalBytes("cursor", options?.cursor),
    );
    return new Watch(eventLoop.opened(native), signal);
  }
}

/** Hands many keys to the native side, piece by piece with turns in between. */
async function handOver(asked: unknown[], signal: AbortSignal | undefined): Promise<NativeKeys> {
  const keys = new native.Keys();
  for (let start = 0; start < asked.length; start += KEYS_AT_ONCE) {
    keys.add(texts("keys", asked.slice(start, start + KEYS_AT_ONCE)));
    if (eventLoop.turns.isDueAfterWork()) {
      await eventLoop.turns.next();
      signal?.throwIfAborted();
    }
  }
  return keys;
}
