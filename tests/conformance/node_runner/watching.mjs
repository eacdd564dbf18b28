// A watch as a scenario reads it, each update checked against what holds for every watch.

import assert from "node:assert/strict";

export const PATIENCE = 10;
const QUIET = 0.15;
const LATE = Symbol("late");

/** What a watch is asked for; without prefixes and keys it is everything (S6). */
export class Asked {
  constructor(prefixes, keys) {
    this.prefixes = prefixes;
    this.keys = keys;
  }

  /** Opens it, with the prefixes as several arguments or in an iterable. */
  watch(store, cursor, listed) {
    const prefixes = this.prefixes ?? [];
    const inOne = listed || this.prefixes?.length === 0;
    const keys = this.keys?.values();
    return store.watch(...(inOne ? [prefixes.values()] : prefixes), { keys, cursor });
  }

  has(key) {
    const { prefixes, keys } = this;
    const isEverything = prefixes === undefined && keys === undefined;
    return isEverything || keys?.includes(key) || prefixes?.some((it) => key.startsWith(it));
  }
}

/** An open watch, or why it could not be opened. */
export class Watching {
  constructor(watch, failed, asked) {
    this.watch = watch;
    this.failed = failed;
    this.asked = asked;
    this.updates = watch?.[Symbol.asyncIterator]();
    this.state = new Map();
    this.last = undefined;
    this.reading = undefined;
  }

  /** The next update, which must come. */
  async update(within = PATIENCE) {
    const read = await bounded(this.next(), within, "no update came");
    assert(!read.done, "the watch ended");
    return this.check(read.value);
  }

  /** The error that ends the watch, or nothing. It must be next, or come after updates. */
  async end(afterUpdates, within) {
    for (;;) {
      let read;
      try {
        read = await bounded(this.next(), within, "did not end");
      } catch (error) {
        if (error.code === "ERR_ASSERTION") throw error;
        return error;
      }
      if (read.done) return undefined;
      assert(afterUpdates, `got ${told(read.value)} instead of the end`);
      this.check(read.value);
    }
  }

  /** Waits a little for nothing to come. */
  async quiet() {
    const read = await first(this.pending(), QUIET);
    assert.equal(
      read,
      LATE,
      `got ${read === LATE ? "" : told(read.read?.value)} instead of nothing`,
    );
  }

  async synced() {
    if (this.failed) throw this.failed;
    await bounded(this.watch.synced(), PATIENCE, "not synced");
    assert.equal(this.watch.isSynced, true);
  }

  async close() {
    await this.watch?.close();
  }

  async next() {
    const { read, error } = await this.pending();
    this.reading = undefined;
    if (error) throw error;
    return read;
  }

  /** One read. If it is given up it goes on, and the next one waits for it. */
  pending() {
    if (this.failed) throw this.failed;
    this.reading ??= this.updates.next().then(
      (read) => ({ read }),
      (error) => ({ error }),
    );
    return this.reading;
  }

  /** Every update is of a key asked for (S6) and newer than all before it (S2). */
  check(update) {
    assert(this.asked.has(update.key), told(update));
    assert(!this.last || this.last.compare(update.version) < 0, told(update));
    this.last = update.version;
    if (update.type === "put") this.state.set(update.key, update.value);
    else this.state.delete(update.key);
    return update;
  }
}

/** Whether an update is the `[kind, key, value]` that a scenario expects. */
export function fits(update, [kind, key, value]) {
  const kinds = update.type === "put" ? ["put"] : [update.type, "gone", update.reason];
  const same = value === undefined ? update.value === undefined : update.value?.equals(value);
  return kinds.includes(kind.toString()) && update.key === key.toString() && same;
}

export function told(update) {
  return `${update?.type} ${update?.key} ${update?.version?.toString("hex")}`;
}

/** What a promise settles to, within so many seconds where they are given. */
export async function bounded(promise, seconds, message) {
  if (seconds === undefined) return promise;
  const read = await first(promise, seconds);
  assert.notEqual(read, LATE, `${message} within ${seconds} s`);
  return read;
}

async function first(promise, seconds) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, seconds * 1000, LATE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
