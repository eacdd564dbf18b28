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

/** The entry of each key, or `null`. Each has a row, and the rows have no keys of their own. */
export function toFound(keys: string[], pages: ArrayBuffer[]): (Entry | null)[] {
  const found: (Entry | null)[] = [];
  for (const buffer of pages) {
    const page = new Page(buffer);
    while (page.next()) {
      const key = keys[found.length] as string;
      const live = page.kind() === 0;
      found.push(live ? { key, value: page.value(), version: page.version() } : null);
    }
  }
  return found;
}

/** The entries of all pages. */
export function toEntries(pages: ArrayBuffer[]): Entry[] {
  const entries: Entry[] = [];
  for (const buffer of pages) {
    const page = new Page(buffer);
    while (page.next()) {
      entries.push({ key: page.key(), value: page.value(), version: page.version() });
    }
  }
  return entries;
}
