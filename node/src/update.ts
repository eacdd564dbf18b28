// The records of what a watch tells, made one by one from what the native half packs.

import { Page } from "./page.js";
import type { Cursor, Version } from "./tokens.js";

/** The key has a new value. */
export interface Put {
  readonly type: "put";
  /** The key that was written. */
  readonly key: string;
  /** Its new value. */
  readonly value: Buffer;
  /** The version of the change: opaque bytes (V3). */
  readonly version: Version;
  /** What to resume from once this update is handled (S4). */
  readonly cursor: Cursor;
}

/** The key was deleted. */
export interface Delete {
  readonly type: "delete";
  /** The key that was deleted. */
  readonly key: string;
  readonly value?: undefined;
  /** The version of the deletion: opaque bytes (V3). */
  readonly version: Version;
  /** What to resume from once this update is handled (S4). */
  readonly cursor: Cursor;
}

/** Why a key is gone: somebody purged it, or its time to live ended (W5). */
export type PurgeReason = "purged" | "expired";

/** The key was purged with its history, or its time to live ended. */
export interface Purge {
  readonly type: "purge";
  /** The key that is gone. */
  readonly key: string;
  readonly value?: undefined;
  /** The version of the removal: opaque bytes (V3). */
  readonly version: Version;
  /** What to resume from once this update is handled (S4). */
  readonly cursor: Cursor;
  /** Why the key is gone; `null` where the store does not say. */
  readonly reason: PurgeReason | null;
}

/** One change that a watch delivers. */
export type Update = Put | Delete | Purge;

/** What each kind of row tells. */
const TYPES = ["put", "delete", "purge", "purge", "purge"] as const;
const REASONS = [undefined, undefined, "purged", "expired", null] as const;

/** Updates that have arrived, made into objects one by one as they are taken. */
export class Updates {
  #pages: ArrayBuffer[] = [];
  #following = 0;
  #page: Page | undefined;
  #last: Update | undefined;

  /** Replaces the pages, all of whose updates have been taken. */
  fill(pages: ArrayBuffer[]): void {
    this.#pages = pages;
    this.#following = 0;
    this.#page = undefined;
  }

  /** Whether no update is left. A page holds at least one. */
  isEmpty(): boolean {
    return !this.#page?.hasNext() && this.#following === this.#pages.length;
  }

  /** The next update, if there is one. */
  take(): Update | undefined {
    while (this.#page === undefined || !this.#page.next()) {
      const next = this.#pages[this.#following];
      if (next === undefined) {
        this.clear();
        return undefined;
      }
      this.#following += 1;
      this.#page = new Page(next);
    }
    this.#last = toUpdate(this.#page);
    return this.#last;
  }

  /** All that are left; `undefined` if there is none. */
  takeAll(): Update[] | undefined {
    const all: Update[] = [];
    for (let update = this.take(); update !== undefined; update = this.take()) {
      all.push(update);
    }
    return all.length === 0 ? undefined : all;
  }

  /** The position after the last update taken, while there are more. */
  cursor(): Cursor | undefined {
    return this.#last?.cursor;
  }

  /** Drops what is left. */
  clear(): void {
    this.#pages = [];
    this.#following = 0;
    this.#page = undefined;
    this.#last = undefined;
  }
}

function toUpdate(page: Page): Update {
  const kind = page.kind();
  // One shape for all three, so that a loop over them stays fast.
  return {
    type: TYPES[kind],
    key: page.key(),
    value: kind === 0 ? page.value() : undefined,
    version: page.version(),
    cursor: page.cursor(),
    reason: REASONS[kind],
  } as Update;
}
