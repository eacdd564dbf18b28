// The errors, a class for each kind.

import type { Failure } from "./addon.js";

/** The kind of an error: the same names in every language (contract section E). */
export type ErrorCode =
  | "NotConnected"
  | "ConnectionFailed"
  | "KeyNotFound"
  | "AlreadyExists"
  | "RevisionMismatch"
  | "DeserializationError"
  | "SerializationError"
  | "WatchError"
  | "OperationFailed"
  | "Timeout"
  | "CursorExpired"
  | "InvalidArgument"
  | "LimitExceeded"
  | "PermissionDenied"
  | "StoreNotFound";

/** What an error says besides its message. */
export interface ErrorDetails {
  /** Whether the same call may succeed later with nothing else changed. */
  readonly retryable?: boolean | undefined;
  /** The key that was asked for. */
  readonly key?: string | undefined;
  /** The store that was asked. */
  readonly store?: string | undefined;
  /** The operation, as it is named in Rust. */
  readonly operation?: string | undefined;
  /** Whether this was a write that may have happened nevertheless (W6). */
  readonly outcomeUnknown?: boolean | undefined;
}

// A program may hold this package twice, as ES modules and as CommonJS. Errors of the two copies
// know each other by this symbol, so `instanceof` works whichever copy threw.
const KIND = Symbol.for("slipstream.KvError.kind");

/**
 * Why an operation failed. Each kind is a class of its own.
 *
 * @example
 * ```ts
 * try {
 *   await store.update("node.a", "10.0.0.2", version);
 * } catch (error) {
 *   if (!(error instanceof RevisionMismatch)) throw error;
 *   // somebody else wrote first: read again, and decide anew
 * }
 * ```
 */
export class KvError extends Error {
  /** The kind's name; of this class itself there are no instances but a program's own. */
  static readonly code: string = "KvError";

  /** The kind's stable name. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later with nothing else changed. */
  readonly retryable: boolean;
  /** The key that was asked for, where there is one. */
  readonly key: string | undefined;
  /** The store that was asked, where there is one. */
  readonly store: string | undefined;
  /** The operation, as it is named in Rust. */
  readonly operation: string | undefined;
  /** Whether this was a write that may have happened nevertheless (W6). */
  readonly outcomeUnknown: boolean;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = new.target.code as ErrorCode;
    this.retryable = details.retryable ?? false;
    this.key = details.key;
    this.store = details.store;
    this.operation = details.operation;
    this.outcomeUnknown = details.outcomeUnknown ?? false;
    Object.defineProperty(this, "name", { value: this.code, configurable: true, writable: true });
    Object.defineProperty(this, KIND, { value: this.code });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: the class that `instanceof` was asked of
    return isOf(this, value);
  }
}

function isOf(Kind: typeof KvError, value: unknown): boolean {
  if (!Object.hasOwn(Kind, "code")) {
    return Function.prototype[Symbol.hasInstance].call(Kind, value);
  }
  const kind = (value as { [KIND]?: string } | null | undefined)?.[KIND];
  return Kind.code === "KvError" ? kind !== undefined : kind === Kind.code;
}

/** The connection was not opened, was closed, or belongs to the parent of a forked process. */
export class NotConnected extends KvError {
  static override readonly code = "NotConnected";
  declare readonly code: "NotConnected";
}

/** The server or file could not be reached or opened. */
export class ConnectionFailed extends KvError {
  static override readonly code = "ConnectionFailed";
  declare readonly code: "ConnectionFailed";
}

/** The key has no value. Reads answer `null` instead (R1). */
export class KeyNotFound extends KvError {
  static override readonly code = "KeyNotFound";
  declare readonly code: "KeyNotFound";
}

/** `create` found a live value (W1). */
export class AlreadyExists extends KvError {
  static override readonly code = "AlreadyExists";
  declare readonly code: "AlreadyExists";
}

/** The key is no longer at the expected version, or is absent (W2). */
export class RevisionMismatch extends KvError {
  static override readonly code = "RevisionMismatch";
  declare readonly code: "RevisionMismatch";
}

/** Stored or received bytes could not be understood. */
export class DeserializationError extends KvError {
  static override readonly code = "DeserializationError";
  declare readonly code: "DeserializationError";
}

/** A value could not be turned into bytes. */
export class SerializationError extends KvError {
  static override readonly code = "SerializationError";
  declare readonly code: "SerializationError";
}

/** A watch ended for a reason it could not recover from. */
export class WatchError extends KvError {
  static override readonly code = "WatchError";
  declare readonly code: "WatchError";
}

/** The backend refused or failed the operation. */
export class OperationFailed extends KvError {
  static override readonly code = "OperationFailed";
  declare readonly code: "OperationFailed";
}

/** The deadline passed (L3). The outcome of a write is then unknown (W6). */
export class Timeout extends KvError {
  static override readonly code = "Timeout";
  declare readonly code: "Timeout";
}

/** Changes after the cursor can no longer be told: start over without a cursor (S5). */
export class CursorExpired extends KvError {
  static override readonly code = "CursorExpired";
  declare readonly code: "CursorExpired";
}

/** A key, prefix, name, token, cursor or option broke a rule; nothing was sent. */
export class InvalidArgument extends KvError {
  static override readonly code = "InvalidArgument";
  declare readonly code: "InvalidArgument";
}

/** The value is too large, or the store or disk is full (W7). */
export class LimitExceeded extends KvError {
  static override readonly code = "LimitExceeded";
  declare readonly code: "LimitExceeded";
}

/** The server or file system denies this operation to this user. */
export class PermissionDenied extends KvError {
  static override readonly code = "PermissionDenied";
  declare readonly code: "PermissionDenied";
}

/** There is no store of this name: it was never made, or was deleted (R7). */
export class StoreNotFound extends KvError {
  static override readonly code = "StoreNotFound";
  declare readonly code: "StoreNotFound";
}

const CLASSES: Readonly<Record<string, typeof KvError>> = {
  AlreadyExists,
  ConnectionFailed,
  CursorExpired,
  DeserializationError,
  InvalidArgument,
  KeyNotFound,
  LimitExceeded,
  NotConnected,
  OperationFailed,
  PermissionDenied,
  RevisionMismatch,
  SerializationError,
  StoreNotFound,
  Timeout,
  WatchError,
};

/** The error of its class for what the native side reports. */
export function toError(failure: Failure): KvError {
  const Kind = CLASSES[failure.code] ?? KvError;
  return new Kind(failure.message, failure);
}
