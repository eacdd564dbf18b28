// The event loop's turns: when an answer that is ready waits for the next one.

import { performance } from "node:perf_hooks";
import { setImmediate, setTimeout } from "node:timers";

/** The time without a known turn of the loop, in milliseconds, after which answers wait for one. */
const TURN_MS = 2;
/** The number of answers between two looks at the clock, while they come fast. */
const STRIDE = 16;
/** Answers come slowly if two looks at the clock are further apart than this, in milliseconds. */
const SLOW_MS = 0.5;

/** The number of answers that wait before the rest of the same piece of a program is answered. */
const HELD = 64;

/** Calls a function in the loop's next turn, also where a test has replaced the global timers. */
export const soon = setImmediate;
const later = setTimeout;
/**
 * Calls a function when the loop has had a turn. Deno looks at its sockets in only one of some
 * sixty turns while it is busy, but at once when it rests, as it does for a timer.
 */
const afterTurn: (call: () => void) => void =
  "Deno" in globalThis ? (call) => later(call, 0) : soon;
/** Calls a function when the piece of the program that runs now has ended. */
const afterThis = queueMicrotask;

/** The state of the event loop's next turn. */
enum Phase {
  /** The loop had one a moment ago. */
  Turned,
  /** The loop had none for some time, and was asked for one. */
  Asked,
  /** The turn is overdue, and the loop cannot interrupt the piece of the program that runs now. */
  Late,
  /** Answers that are ready wait for the turn. */
  Due,
}

/**
 * Gives the event loop its turns, and with it timers, sockets and signals, even while every answer
 * is ready (B9). Answers are given at once until the loop has had no turn for some milliseconds;
 * from then on they wait for its next turn.
 */
export class Turns {
  #phase = Phase.Turned;
  /** The time at which the phase began. */
  #since = 0;
  /** The number of answers until the next look at the clock, and from the last look to that. */
  #left = 1;
  #stride = 1;
  #looked = 0;
  /** The number of answers that wait before others pass, and how many of these are left. */
  #held = HELD;
  #quota = HELD;
  #next: Promise<void> | undefined;

  /**
   * Whether an answer has to wait for the {@link next} turn. Called once for each answer; one that
   * is as much work as several counts as that many `answers`.
   */
  isDue(answers = 1): boolean {
    this.#left -= answers;
    return this.#left <= 0 && this.#look();
  }

  /**
   * Whether the next piece of a large answer has to wait for a turn. Nothing else runs between two
   * pieces, so the loop gets no turn by itself, and the garbage collector may stop it in each of
   * them.
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
    // A look at the clock costs as much as a tenth of an answer.
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
  // have waited, the rest of that piece of the program is answered. Of many loops that run beside
  // each other more wait each time, until all of them do.
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
