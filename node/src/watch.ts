// A watch, read update by update or in batches.

import { onAbort } from "./abort.js";
import type { NativeWatch } from "./addon.js";
import { signalOf } from "./arguments.js";
import type { CallOptions } from "./call.js";
import { OperationFailed } from "./errors.js";
import { eventLoop } from "./event-loop.js";
import { Handle } from "./handle.js";
import type { Cursor } from "./tokens.js";
import { type Update, Updates } from "./update.js";

/** What a watch takes. */
export interface WatchOptions {
  /** Exactly these keys are watched, alone or beside prefixes (S6). */
  readonly keys?: Iterable<string> | undefined;
  /** Where to resume, of `watch.cursor` or `update.cursor`; empty or none is the whole state. */
  readonly cursor?: Cursor | null | undefined;
  /** Closes the watch: whoever reads it gets the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const { turns } = eventLoop;

/** More updates than are handed out without a look at the clock. */
const BATCH = 1_000;

/** Takes the listeners of abandoned watches off their signals. */
const abandoned = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * A watch, made by {@link Store.watch}: iterate it, once. It holds nothing but a position until
 * it is read, and keeps the process alive only while a reader waits.
 *
 * Leaving `for await` closes it. One that is neither read nor closed is freed when it has been
 * garbage collected. Two readers at once are an {@link OperationFailed}.
 *
 * @example
 * ```ts
 * const watch = store.watch("node.");
 * await watch.synced();
 * for await (const update of watch) console.log(update.type, update.key);
 * ```
 */
export class Watch extends Handle implements AsyncIterable<Update>, AsyncDisposable {
  readonly #native: NativeWatch;
  readonly #updates = new Updates();
  /** Whether somebody reads, in an object of its own for {@link Watch.#reader}. */
  readonly #reading = { busy: false };
  #closed: { readonly cursor: Cursor; readonly reason?: unknown } | undefined;
  #forget: (() => void) | undefined;

  /** @internal */
  constructor(native: NativeWatch, signal: AbortSignal | undefined) {
    super();
    this.#native = native;
    if (signal !== undefined) {
      this.#closeOn(signal);
    }
  }

  /**
   * The position after the last update that was handed out (S4): what to resume from once it is
   * handled. Empty while there is none.
   *
   * @example
   * ```ts
   * const again = store.watch("node.", { cursor: watch.cursor });
   * ```
   */
  get cursor(): Cursor {
    return this.#closed?.cursor ?? this.#updates.cursor() ?? this.#native.cursor();
  }

  /** Whether the first state is complete, as {@link Watch.synced} waits for it. */
  get isSynced(): boolean {
    return this.#native.isSynced();
  }

  /**
   * Waits until the first state is complete (S3): every update of it has been read, or waits in
   * memory to be read next. With a cursor: until the watch has caught up with the store.
   *
   * @throws {@link WatchError} if the watch is closed first.
   *
   * @example
   * ```ts
   * await watch.synced({ signal: AbortSignal.timeout(1_000) });
   * ```
   */
  async synced(options?: CallOptions): Promise<void> {
    const signal = signalOf(options);
    await eventLoop.settle(this.#native.synced(), signal);
  }

  /** The updates one by one. Leaving the loop closes the watch. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Update> {
    const updates = this.#updates;
    return this.#reader(() => updates.take(), 1);
  }

  /**
   * The updates as they arrive, in arrays that are not empty. Leaving the loop closes the watch.
   *
   * @example
   * ```ts
   * for await (const updates of store.watch("").batches()) console.log(updates.length);
   * ```
   */
  batches(): AsyncIterableIterator<Update[]> {
    const updates = this.#updates;
    return this.#reader(() => updates.takeAll(), BATCH);
  }

  /**
   * Ends the watch at once, and frees what is behind it (S9); its cursor stays. A reader that waits
   * is told the end. Twice is fine. It resolves when nothing is left of the watch on a server.
   *
   * @example
   * ```ts
   * setTimeout(() => watch.close(), 1_000);
   * ```
   */
  close(): Promise<void> {
    const closing = this.#closing();
    // Whoever does not wait for it need not hear what stays on the server, and why.
    closing.catch(() => {});
    return closing;
  }

  /** Closes the watch: `await using watch = store.watch("")`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  /** Reads with `take`, each time of which is as much work as so many `updates`. */
  #reader<T>(take: () => T | undefined, updates: number): AsyncIterableIterator<T> {
    // The engine finds the private fields of a `Handle` slowly, so each update needs none of them.
    const reading = this.#reading;
    // Set while somebody else reads: what leaves this iterator then, as a stream does over an error,
    // must not close the watch of that reader.
    let refused = false;
    const close = () => {
      if (!refused) {
        this.#close();
      }
    };
    const wait = async (due: boolean): Promise<IteratorResult<T, undefined>> => {
      refused = reading.busy;
      while (await this.#fill(due)) {
        const value = take();
        if (value !== undefined) {
          return { value, done: false };
        }
      }
      return { value: undefined, done: true };
    };
    return {
      next: () => {
        const due = turns.isDue(updates);
        const value = reading.busy || due ? undefined : take();
        if (value !== undefined) {
          return Promise.resolve({ value, done: false });
        }
        const waiting = wait(due);
        // Whoever asked may have gone meanwhile, and then nobody handles how it ends.
        waiting.catch(() => {});
        return waiting;
      },
      return: async () => {
        close();
        return { value: undefined, done: true };
      },
      throw: async (error: unknown) => {
        close();
        throw error;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Waits for updates, if it is `due` for a turn first; `false` once the watch has ended. */
  async #fill(due: boolean): Promise<boolean> {
    if (this.#reading.busy) {
      throw new OperationFailed("this watch is being read already; open one for each reader", {
        operation: "watch",
      });
    }
    this.#reading.busy = true;
    try {
      if (due) {
        await turns.next();
      }
      if (this.#closed === undefined && !this.#updates.isEmpty()) {
        return true;
      }
      const more = this.#closed === undefined && (await eventLoop.settle(this.#native.fill()));
      if (this.#closed !== undefined) {
        return this.#ended();
      }
      this.#updates.fill(this.#native.take() ?? []);
      return more;
    } finally {
      this.#reading.busy = false;
    }
  }

  #ended(): false {
    if (this.#closed !== undefined && "reason" in this.#closed) {
      throw this.#closed.reason;
    }
    return false;
  }

  async #closing(): Promise<void> {
    this.#close();
    await eventLoop.settle(this.#native.close());
  }

  #close(end: { readonly reason?: unknown } = {}): void {
    if (this.#closed === undefined) {
      this.#closed = { cursor: this.cursor, ...end };
      this.#updates.clear();
      this.#native.cancel();
      this.#forget?.();
      abandoned.unregister(this);
    }
  }

  #closeOn(signal: AbortSignal): void {
    // The signal may live much longer than the watch, so it must not hold it.
    const self = new WeakRef(this);
    this.#forget = onAbort(signal, () => {
      const watch = self.deref();
      if (watch !== undefined) {
        watch.#close({ reason: signal.reason });
      }
    });
    abandoned.register(this, this.#forget, this);
  }
}
