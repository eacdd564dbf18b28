// The records of what a store says of itself.

import type { Version } from "./tokens.js";

/** The limits of a store as they are (R7). `null` is unlimited. */
export interface StoreLimits {
  /** Where the data is kept. */
  readonly storage: "memory" | "persistent";
  /** Versions kept of each key. */
  readonly maxHistory: number;
  /** How long an entry lives, unless it is written again, in milliseconds. */
  readonly maxAge: number | null;
  /** The size of all keys and values, in bytes. */
  readonly maxBytes: number | null;
  /** Servers that keep a copy. */
  readonly numReplicas: number;
  /** What a full store does: refuses writes (`"new"`) or evicts the oldest. */
  readonly discard: "new" | "old";
  /** Whether entries can have a time to live. */
  readonly ttl: boolean;
}

/** What a store is, at one moment (R7). */
export interface StoreInfo {
  /** How many live keys there are, as `keys` would list. */
  readonly keys: number;
  /** How many removed keys there are of which a mark is still kept. */
  readonly marks: number;
  /** The bytes that the store counts against its `maxBytes`. */
  readonly bytes: number;
  /** The version of the last write. */
  readonly version: Version;
  /** What tells this store from another one of the same name, where the backend knows it. */
  readonly incarnation: Buffer | null;
  /** Its limits, which are those it was made with unless somebody changed them since. */
  readonly limits: StoreLimits;
}

/** What the native half tells: what is nothing is absent. */
export interface NativeInfo extends Omit<StoreInfo, "incarnation" | "limits"> {
  readonly incarnation?: Buffer | null;
  readonly limits: Omit<StoreLimits, "maxAge" | "maxBytes"> & {
    readonly maxAge?: number | null;
    readonly maxBytes?: number | null;
  };
}

/** What a program is given. */
export function toInfo({ incarnation = null, limits, ...told }: NativeInfo): StoreInfo {
  const { maxAge = null, maxBytes = null, ...rest } = limits;
  return { ...told, incarnation, limits: { ...rest, maxAge, maxBytes } };
}
