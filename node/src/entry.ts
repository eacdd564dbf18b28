import { Page } from "./page.js";

/** One key with its value and the version of its last write. */
export interface Entry {
  /** The key (K1). */
  readonly key: string;
  /** The value; empty in a tombstone, which only `entry` shows (R2, R3). */
  readonly value: Buffer;
  /** The version to pass to `update` and `deleteWithVersion`: opaque bytes (V3). */
  readonly version: Buffer;
}

/** The entry of one key: its version's length, its version and its value. */
export function toEntry(key: string, bytes: Buffer | null): Entry | null {
  if (bytes === null) {
    return null;
  }
  const end = 1 + (bytes[0] as number);
  return { key, value: bytes.subarray(end), version: bytes.subarray(1, end) };
}

/**
 * Adds the entry of each key, or `null`. Each has a row, and the rows have no keys of their own.
 */
export function addFound(found: (Entry | null)[], keys: string[], pages: ArrayBuffer[]): void {
  for (const buffer of pages) {
    const page = new Page(buffer);
    while (page.next()) {
      const key = keys[found.length] as string;
      const live = page.kind() === 0;
      found.push(live ? { key, value: page.value(), version: page.version() } : null);
    }
  }
}

/** Adds the entries of all pages. */
export function addEntries(entries: Entry[], pages: ArrayBuffer[]): void {
  for (const buffer of pages) {
    const page = new Page(buffer);
    while (page.next()) {
      entries.push({ key: page.key(), value: page.value(), version: page.version() });
    }
  }
}
