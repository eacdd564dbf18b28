// This thread's way to the core: it settles calls, and drains what has ended.

import { onAbort } from "./abort.js";
import type { Answer, Failure, NativeEventLoop, NativePieces } from "./addon.js";
import { toError } from "./errors.js";
import { native } from "./native.js";
import { soon, Turns } from "./turns.js";

/** What does not fit is given a buffer of its own. */
const SCRATCH_BYTES = 65_536;

type Settle = (answer: unknown) => void;

/**
 * This thread's way to the core. What is ready is answered at once, unless the event loop has had
 * no turn for too long; what is not is settled when the native side wakes this thread.
 */
class EventLoop {
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  readonly #pending = new Map<number, Settle>();
  readonly #native: NativeEventLoop;
  /** When what is ready is to wait. */
  readonly turns = new Turns();
  /** Whether what calls have asked for will be sent at the end of this turn. */
  #sends = false;

  constructor() {
    this.#native = new native.EventLoop(() => this.#drain(), this.#scratch);
  }

  /** The native side. */
  get native(): NativeEventLoop {
    return this.#native;
  }

  /** What a native call answered, or will answer; throws, or rejects, what it failed with. */
  settle<T>(answer: Answer<T>, signal?: AbortSignal): T | Promise<T> {
    if (typeof answer === "number" && answer >= 0) {
      return this.#wait(answer, signal);
    }
    const ready = typeof answer === "number" ? this.#read(0, -1 - answer) : answer;
    return this.turns.isDue() ? this.#later(ready) : settled<T>(ready);
  }

  /** Gives `take` all of a list, a large one piece by piece with turns in between. */
  async each<T>(
    list: T[] | NativePieces<T>,
    take: (items: T[]) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    if (Array.isArray(list)) {
      take(list);
      return;
    }
    for (let piece = list.next(); piece !== null; piece = list.next()) {
      take(piece);
      if (this.turns.isDueAfterWork()) {
        await this.turns.next();
        signal?.throwIfAborted();
      }
    }
  }

  /** All of a list, a large one taken piece by piece with turns in between. */
  async gather<T>(list: T[] | NativePieces<T>, signal?: AbortSignal): Promise<T[]> {
    if (Array.isArray(list)) {
      return list;
    }
    const all: T[] = [];
    await this.each(list, (items) => all.push(...items), signal);
    return all;
  }

  /** What a native call opened at once; throws what it failed with. */
  opened<T>(answer: T | Failure): T {
    return settled<T>(answer);
  }

  #read(start: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    this.#scratch.copy(bytes, 0, start, start + length);
    return bytes;
  }

  async #later<T>(ready: unknown): Promise<T> {
    await this.turns.next();
    return settled<T>(ready);
  }

  // All that calls of one turn ask for is sent in one piece. Those that go on after a drain do so
  // in microtasks, so the end of the turn is the next immediate.
  #sendSoon(): void {
    if (!this.#sends) {
      this.#sends = true;
      soon(() => {
        this.#sends = false;
        this.#native.flush();
      });
    }
  }

  // Throws after an `await`, so that an error's stack shows who awaited the call.
  async #wait<T>(operation: number, signal: AbortSignal | undefined): Promise<T> {
    this.#sendSoon();
    return settled<T>(await this.#outcome(operation, signal));
  }

  #outcome(operation: number, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal === undefined) {
      return new Promise((resolve) => this.#pending.set(operation, resolve));
    }
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => {
        this.#pending.delete(operation);
        this.#native.cancel(operation);
        reject(signal.reason);
      });
      this.#pending.set(operation, (answer) => {
        forget();
        resolve(answer);
      });
    });
  }

  // Nothing wakes this thread again before everything was drained.
  #drain(): void {
    if (this.turns.isDue() || this.#settleSome()) {
      void this.turns.next().then(() => this.#drain());
    }
  }

  /** Settles what has ended, but not too much in one turn; whether there is more. */
  #settleSome(): boolean {
    const settled = this.#native.drain();
    const last = settled.length - 1;
    let start = 0;
    for (let i = 0; i < last; i += 2) {
      const operation = settled[i] as number;
      let answer = settled[i + 1];
      if (typeof answer === "number") {
        const length = -1 - answer;
        answer = this.#read(start, length);
        start += length;
      }
      const settle = this.#pending.get(operation);
      this.#pending.delete(operation);
      settle?.(answer);
    }
    return settled[last] as boolean;
  }
}

function settled<T>(answer: unknown): T {
  if ((answer as Failure | null | undefined)?.code !== undefined) {
    throw toError(answer as Failure);
  }
  return answer as T;
}

/** The one of this thread. */
export const eventLoop = new EventLoop();
