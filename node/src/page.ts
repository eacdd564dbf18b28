// Rows as the native half packs them.

import type { Cursor, Version } from "./tokens.js";

/** Words of one row: its kind, and where its key, value, version and cursor end. */
const ROW_WORDS = 5;

/**
 * A page of rows as the native side packs them (`bindings/node/src/page.rs`), read one by one.
 * Bytes are views of the page, which is small; keys are slices of its one string of keys.
 */
export class Page {
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;
  /** All keys, one after the other, and whether a byte of them is a character of it. */
  readonly #keys: string;
  readonly #ascii: boolean;
  /** Where the keys start in the bytes. */
  readonly #keysAt: number;
  readonly #rows: number;
  /** The index of the next row, and the places of the current one in the table, keys and bytes. */
  #next = 0;
  #row = 0;
  #keyStart = 0;
  #keyEnd = 0;
  #start: number;
  #end: number;

  constructor(buffer: ArrayBuffer) {
    const [rows] = new Uint32Array(buffer, 0, 1) as unknown as [number];
    this.#words = new Uint32Array(buffer, 0, 1 + rows * ROW_WORDS);
    this.#bytes = Buffer.from(buffer);
    this.#rows = rows;
    this.#keysAt = this.#words.byteLength;
    const bytes = this.#word((rows - 1) * ROW_WORDS + 2);
    this.#start = this.#keysAt + bytes;
    this.#end = this.#start;
    this.#keys = this.#bytes.toString("utf8", this.#keysAt, this.#start);
    this.#ascii = this.#keys.length === bytes;
  }

  /** Whether there is a next row. */
  hasNext(): boolean {
    return this.#next < this.#rows;
  }

  /** Goes to the next row. Tells whether there is one. */
  next(): boolean {
    if (this.#next === this.#rows) {
      return false;
    }
    this.#row = 1 + this.#next * ROW_WORDS;
    this.#next += 1;
    this.#keyStart = this.#keyEnd;
    this.#start = this.#end;
    this.#keyEnd = this.#word(this.#row + 1);
    this.#end = this.#word(this.#row + 4);
    return true;
  }

  /**
   * The row's kind: 0 put, or an entry; 1 delete; 2 purge; 3 an ended time to live; 4 a purge whose
   * reason is not known; 5 nothing.
   */
  kind(): number {
    return this.#word(this.#row);
  }

  key(): string {
    // Only the keys of other programs may have other letters (K4), and a slice costs less.
    return this.#ascii
      ? this.#keys.slice(this.#keyStart, this.#keyEnd)
      : this.#bytes.toString("utf8", this.#keysAt + this.#keyStart, this.#keysAt + this.#keyEnd);
  }

  value(): Buffer {
    return this.#bytes.subarray(this.#start, this.#word(this.#row + 2));
  }

  version(): Version {
    return this.#bytes.subarray(this.#word(this.#row + 2), this.#word(this.#row + 3)) as Version;
  }

  /** When an entry ends, if it does. */
  expiresAt(): Date | null {
    const start = this.#word(this.#row + 3);
    return start === this.#end ? null : new Date(this.#bytes.readDoubleBE(start));
  }

  cursor(): Cursor {
    return this.#bytes.subarray(this.#word(this.#row + 3), this.#end) as Cursor;
  }

  #word(index: number): number {
    return this.#words[index] as number;
  }
}
