import { performance } from "node:perf_hooks";
import { setImmediate, setTimeout } from "node:timers";

/** A loop that is not known to have had a turn for so many milliseconds is waited for from then on. */
const TURN_MS = 2;
/** So many answers between two looks at the clock, while they come fast. */
const STRIDE = 16;
/** Between two looks that are further apart than this, in milliseconds, answers come slowly. */
const SLOW_MS = 0.5;

/** So many answers wait before those that are asked for in the same piece of a program pass. */
const HELD = 64;

/** Calls a function in the loop's next turn, whatever a test puts in the place of its timers. */
export const soon = setImmediate;
const later = setTimeout;
/**
 * Calls a function when the loop has had a turn. Deno looks at its sockets only in one of some
 * sixty turns while it is busy, and at once when it rests, as it does for a timer.
 */
const afterTurn: (call: () => void) => void =
  "Deno" in globalThis ? (call) => later(call, 0) : soon;
/** Calls a function when what runs now has ended. */
const afterThis = queueMicrotask;

/** What is known of the event loop's next turn. */
enum Phase {
  /** The loop had one a moment ago. */
  Turned,
  /** It was asked for one, which may come by itself. */
  Asked,
  /** It had none for too long, and a piece of the program runs that it cannot interrupt. */
  Late,
  /** What is ready now waits for it. */
  Due,
}

/**
 * Sees to it that the event loop has its turn, and with it timers, sockets and signals, however
 * much is ready (B9). What is ready is answered at once until the loop has had no turn for some
 * milliseconds; what is ready then waits for one.
 */
export class Turns {
  #phase = Phase.Turned;
  /** When the phase began. */
  #since = 0;
  /** Answers until the clock is looked at, and how many there were from the look before. */
  #left = 1;
  #stride = 1;
  #looked = 0;
  /** Answers that wait before others pass, and how many of them are left. */
  #held = HELD;
  #quota = HELD;
  #next: Promise<void> | undefined;

  /**
   * Whether an answer is to wait for the {@link next} turn, or one that is as much work as so many
   * `answers`. To be asked once for each.
   */
  isDue(answers = 1): boolean {
    this.#left -= answers;
    return this.#left <= 0 && this.#look();
  }

  /**
   * The same for one piece of much work, between which and the next nothing else runs: the loop gets
   * no turn there by itself, and the garbage collector may stop it twice in as many pieces.
   */
  isDueAfterWork(): boolean {
    return performance.now() - this.#since >= TURN_MS;
  }

  /** The loop's next turn. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      afterTurn(() => {
        this.#next = undefined;
        this.#held = HELD;
        this.#enter(Phase.Turned, performance.now());
        resolve();
      });
    });
    return this.#next;
  }

  #look(): boolean {
    if (this.#phase === Phase.Due) {
      return this.#hold();
    }
    // To look costs as much as a tenth of an answer.
    const now = performance.now();
    this.#stride = now - this.#looked > SLOW_MS ? 1 : Math.min(2 * this.#stride, STRIDE);
    this.#left = this.#stride;
    this.#looked = now;
    if (now - this.#since >= TURN_MS) {
      if (this.#phase === Phase.Turned) {
        this.#enter(Phase.Asked, now);
        void this.next();
      } else if (this.#phase === Phase.Asked) {
        this.#late();
      }
    }
    return false;
  }

  // Many calls that are begun in one go would gain nothing by waiting, and lose time. So after some
  // have waited the rest of that piece of the program is answered. Many loops that run beside each
  // other all wait in the end, because more do each time.
  #hold(): boolean {
    this.#quota -= 1;
    if (this.#quota === 0) {
      this.#held *= 4;
      this.#late();
    }
    return true;
  }

  #late(): void {
    this.#enter(Phase.Late, this.#since);
    this.#left = STRIDE;
    afterThis(() => {
      if (this.#phase === Phase.Late) {
        this.#enter(Phase.Due, this.#since);
        this.#left = 0;
        this.#quota = this.#held;
      }
    });
  }

  #enter(phase: Phase, now: number): void {
    this.#phase = phase;
    this.#since = now;
  }
}
