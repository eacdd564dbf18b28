// The native half of the package, as TypeScript sees it: types alone, which import nothing.

import type { NativeInfo } from "./info.js";
import type { Cursor, Version } from "./tokens.js";

/**
 * What a native call returns. A number that is not negative is an operation whose outcome will
 * be drained; a negative one stands for `-1 - n` bytes in the scratch buffer.
 */
export type Answer<T> = T | Failure | number;

/** An error on its way to become an instance of its class. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly operation: string;
  readonly store?: string;
  readonly key?: string;
  readonly retryable: boolean;
  readonly outcomeUnknown: boolean;
}

/** A large answer, which is taken piece by piece: `null` after the last. */
export interface NativePieces<T> {
  next(): T[] | null;
}

export type List<T> = T[] | NativePieces<T>;

/** Many keys, which are handed over piece by piece. */
export interface NativeKeys {
  add(keys: string[]): void;
}

/** The native half of the package. */
export interface Addon {
  readonly EventLoop: new (wake: () => void, scratch: Uint8Array) => NativeEventLoop;
  readonly Keys: new () => NativeKeys;
  version(): string;
  live(): { sessions: number; stores: number; watches: number; operations: number };
}

export interface NativeEventLoop {
  connect(
    url: string,
    timeout: number | undefined,
    connectTimeout: number | undefined,
    wait: number | undefined,
    nats: object,
  ): Answer<NativeSession>;
  /**
   * Operation, answer, operation, answer and so on, small ones behind one another in the scratch
   * buffer; last whether there is more.
   */
  drain(): unknown[];
  /** Sends what calls have asked for. */
  flush(): void;
  cancel(operation: number): void;
}

export interface NativeSession {
  store(name: string, options: object): Answer<NativeStore>;
  stores(): Answer<List<string>>;
  deleteStore(name: string): Answer<void>;
  close(): Answer<void>;
  isHealthy(): boolean;
  capabilities(): object;
  url(): string;
}

export interface NativeStore {
  name(): string;
  get(key: string): Answer<Buffer | null>;
  getMany(keys: string[]): Answer<List<ArrayBuffer>>;
  getManyOf(keys: NativeKeys): Answer<List<ArrayBuffer>>;
  entry(key: string): Answer<Buffer | null>;
  info(): Answer<NativeInfo>;
  keys(prefix: string): Answer<List<string>>;
  scan(prefix: string): Answer<List<ArrayBuffer>>;
  put(key: string, value: Uint8Array, ttl: number | undefined): Answer<Version>;
  create(key: string, value: Uint8Array, ttl: number | undefined): Answer<Version>;
  update(
    key: string,
    value: Uint8Array,
    version: Uint8Array,
    ttl: number | undefined,
  ): Answer<Version>;
  delete(key: string): Answer<boolean>;
  deleteWithVersion(key: string, version: Uint8Array): Answer<boolean>;
  purge(key: string): Answer<void>;
  watch(
    prefixes: string[] | undefined,
    keys: string[] | undefined,
    cursor: Uint8Array | undefined,
  ): NativeWatch | Failure;
}

export interface NativeWatch {
  fill(): Answer<boolean>;
  take(): ArrayBuffer[] | null;
  synced(): Answer<void>;
  isSynced(): boolean;
  cursor(): Cursor;
  cancel(): void;
  close(): Answer<void>;
}
