// The entry point "slipstream-kv/debug", for tests that look for leaks.

import { native } from "./native.js";

/** How many handles of each kind exist in this process. */
export interface Live {
  /** Connections that a program still holds. */
  readonly sessions: number;
  /** Stores. */
  readonly stores: number;
  /** Watches. */
  readonly watches: number;
  /** Operations that wait for an outcome. */
  readonly operations: number;
}

/**
 * Counts the live handles, so that tests can assert that nothing leaks. A handle is live until it
 * has been garbage collected.
 *
 * @example
 * ```ts
 * import { live } from "slipstream-kv/debug";
 * console.log(live().watches);
 * ```
 */
export function live(): Live {
  return native.live();
}
