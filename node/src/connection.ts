// An open connection.

import type { NativeSession } from "./addon.js";
import {
  optionalFlag,
  optionalNumber,
  optionalText,
  optionsOf,
  signalOf,
  text,
} from "./arguments.js";
import type { CallOptions } from "./call.js";
import type { Capabilities } from "./capabilities.js";
import { eventLoop } from "./event-loop.js";
import { Handle } from "./handle.js";
import { Store } from "./store.js";

/** How a store is made. What is left out is unlimited, and one for history and replicas (L2). */
export interface StoreOptions {
  /** Where the data is kept: `"persistent"` unless given. */
  readonly storage?: "memory" | "persistent" | undefined;
  /** Versions kept of each key, 1 to 64. */
  readonly maxHistory?: number | undefined;
  /** How long an entry lives, unless it is written again, in milliseconds. */
  readonly maxAge?: number | undefined;
  /** The size of all keys and values, in bytes. */
  readonly maxBytes?: number | undefined;
  /** Servers that keep a copy, 1 to 5. */
  readonly numReplicas?: number | undefined;
  /** What a full store does: refuses writes (`"new"`, unless given) or evicts the oldest. */
  readonly discard?: "new" | "old" | undefined;
  /** Whether a missing store is made, as it is unless given; if not, it is `StoreNotFound` (R7). */
  readonly create?: boolean | undefined;
  /** Ends the call. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * An open connection, made by {@link connect}. It does not keep the process alive.
 *
 * @example
 * ```ts
 * await using conn = await connect("memory:");
 * const store = await conn.store("nodes");
 * ```
 */
export class Connection extends Handle implements AsyncDisposable {
  readonly #native: NativeSession;

  /** @internal */
  constructor(native: NativeSession) {
    super();
    this.#native = native;
  }

  /** Where this connection leads to, without a password or token. */
  get url(): string {
    return this.#native.url();
  }

  /** Whether the connection works right now. */
  get isHealthy(): boolean {
    return this.#native.isHealthy();
  }

  /** What stores on this connection can do. */
  get capabilities(): Capabilities {
    return this.#native.capabilities() as Capabilities;
  }

  /**
   * The store of this name, made with these options if missing; an existing one is opened as it
   * is (L2).
   *
   * @throws {@link InvalidArgument} for a bad name (K3) or option; nothing is made then.
   * @throws {@link StoreNotFound} if it is missing and `create` is false.
   *
   * @example
   * ```ts
   * const leases = await conn.store("leases", { maxAge: 60_000 });
   * ```
   */
  async store(name: string, options?: StoreOptions): Promise<Store> {
    const signal = signalOf(options);
    const given = optionsOf(options);
    const answer = this.#native.store(text("name", name), {
      storage: optionalText("storage", given.storage),
      maxHistory: optionalNumber("maxHistory", given.maxHistory),
      maxAge: optionalNumber("maxAge", given.maxAge),
      maxBytes: optionalNumber("maxBytes", given.maxBytes),
      numReplicas: optionalNumber("numReplicas", given.numReplicas),
      discard: optionalText("discard", given.discard),
      create: optionalFlag("create", given.create),
    });
    return new Store(await eventLoop.settle(answer, signal));
  }

  /**
   * The names of the stores that there are, sorted (R7).
   *
   * @example
   * ```ts
   * const names = await conn.stores();
   * ```
   */
  async stores(options?: CallOptions): Promise<string[]> {
    const signal = signalOf(options);
    return eventLoop.gather(await eventLoop.settle(this.#native.stores(), signal), signal);
  }

  /**
   * Deletes the store of this name with all that is in it (R7). Its open watches throw
   * {@link WatchError}, calls of its handles {@link StoreNotFound}, and its cursors
   * {@link CursorExpired}, also once a store of this name is made anew: open that one to use it.
   *
   * @throws {@link StoreNotFound} if there is none.
   *
   * @example
   * ```ts
   * await conn.deleteStore("nodes");
   * ```
   */
  async deleteStore(name: string, options?: CallOptions): Promise<void> {
    const signal = signalOf(options);
    await eventLoop.settle(this.#native.deleteStore(text("name", name)), signal);
  }

  /**
   * Ends open watches and makes every handle of this connection answer {@link NotConnected}
   * (L5). Twice is fine.
   *
   * @example
   * ```ts
   * await conn.close();
   * ```
   */
  async close(options?: CallOptions): Promise<void> {
    const signal = signalOf(options);
    await eventLoop.settle(this.#native.close(), signal);
  }

  /** Closes the connection: `await using conn = await connect(...)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
