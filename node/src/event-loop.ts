import { onAbort } from "./abort.js";
import { toError } from "./errors.js";
import { type Answer, type Failure, type NativeEventLoop, native } from "./native.js";

/** What does not fit is given a buffer of its own. */
const SCRATCH_BYTES = 65_536;

type Settle = (answer: unknown) => void;

/**
 * This thread's way to the core. What is ready is answered at once; what is not is settled when
 * the native side wakes this thread, everything that is there in one go.
 */
class EventLoop {
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  readonly #pending = new Map<number, Settle>();
  readonly #native: NativeEventLoop;
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
    if (typeof answer !== "number") {
      return settled<T>(answer);
    }
    return answer < 0 ? (this.#read(0, -1 - answer) as T) : this.#wait(answer, signal);
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

  // All that calls of one turn ask for is sent in one piece. Those that go on after a drain do so
  // in microtasks, so the end of the turn is the next immediate.
  #sendSoon(): void {
    if (!this.#sends) {
      this.#sends = true;
      setImmediate(() => {
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

  #drain(): void {
    const settled = this.#native.drain();
    let start = 0;
    for (let i = 0; i < settled.length; i += 2) {
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
