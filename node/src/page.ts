/** Words of one row: its kind, and where its key, value, version and cursor end. */
const ROW_WORDS = 5;

/**
 * A page of rows as the native side packs them (`bindings/node/src/page.rs`), read one by one.
 * Bytes are views of the page, which is small; keys are slices of its one string of keys.
 */
export class Page {
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;
  readonly #keys: string;
  readonly #rows: number;
  /** The next row, and where the one at hand starts in the table, the keys and the bytes. */
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
    const keys = this.#words.byteLength;
    this.#start = keys + this.#word((rows - 1) * ROW_WORDS + 2);
    this.#end = this.#start;
    this.#keys = this.#bytes.toString("latin1", keys, this.#start);
  }

  /** Whether there is a next row. */
  hasNext(): boolean {
    return this.#next < this.#rows;
  }

  /** Goes to the next row; whether there is one. */
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

  /** The row's kind: 0 put, or an entry; 1 delete; 2 purge; 3 nothing. */
  kind(): number {
    return this.#word(this.#row);
  }

  key(): string {
    return this.#keys.slice(this.#keyStart, this.#keyEnd);
  }

  value(): Buffer {
    return this.#bytes.subarray(this.#start, this.#word(this.#row + 2));
  }

  version(): Buffer {
    return this.#bytes.subarray(this.#word(this.#row + 2), this.#word(this.#row + 3));
  }

  cursor(): Buffer {
    return this.#bytes.subarray(this.#word(this.#row + 3), this.#end);
  }

  #word(index: number): number {
    return this.#words[index] as number;
  }
}
