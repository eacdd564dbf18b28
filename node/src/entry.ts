// The record of a key with its value and version, read from what the native half packs.

import { Page } from "./page.js";
import type { Version } from "./tokens.js";

/** One key with its value and the version of its last write. */
export interface Entry {
  /** The key (K1, K4). */
  readonly key: string;
  /** The value; empty in a tombstone, which only `entry` shows (R3). */
  readonly value: Buffer;
  /** The version to pass to `update` and `deleteWithVersion`: opaque bytes (V3). */
  readonly version: Version;
  /** True for a tombstone, which a deletion left and only `entry` shows (R3). */
  readonly deleted: boolean;
  /** When the time to live ends, by the clock of the store; `null` if it has none (R6). */
  readonly expiresAt: Date | null;
}

/** Marks in the first byte of an entry, beside the length of its version. */
const TOMBSTONE = 0x40;
const ENDS = 0x80;
const LENGTH = 0x0f;

/** The entry of one key: its marks, when it ends, its version and its value. */
export function toEntry(key: string, bytes: Buffer | null): Entry | null {
  if (bytes === null) {
    return null;
  }
  const marks = bytes[0] as number;
  const ends = (marks & ENDS) !== 0;
  const start = ends ? 9 : 1;
  const end = start + (marks & LENGTH);
  return {
    key,
    value: bytes.subarray(end),
    version: bytes.subarray(start, end) as Version,
    deleted: (marks & TOMBSTONE) !== 0,
    expiresAt: ends ? new Date(bytes.readDoubleBE(1)) : null,
  };
}

/**
 * Adds the entry of each key, or `null`. Each has a row, and the rows have no keys of their own.
 */
export function addFound(found: (Entry | null)[], keys: string[], pages: ArrayBuffer[]): void {
  for (const buffer of pages) {
    const page = new Page(buffer);
    while (page.next()) {
      const key = keys[found.length] as string;
      found.push(page.kind() === 0 ? liveEntry(key, page) : null);
    }
  }
}

/** Adds the entries of all pages. */
export function addEntries(entries: Entry[], pages: ArrayBuffer[]): void {
  for (const buffer of pages) {
    const page = new Page(buffer);
    while (page.next()) {
      entries.push(liveEntry(page.key(), page));
    }
  }
}

function liveEntry(key: string, page: Page): Entry {
  return {
    key,
    value: page.value(),
    version: page.version(),
    deleted: false,
    expiresAt: page.expiresAt(),
  };
}
