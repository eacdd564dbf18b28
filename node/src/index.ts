// The entry point "slipstream-kv": all that a program imports.

// Programs see `Buffer`, of which the compiler knows only if it is told where it is declared.
/// <reference types="node" preserve="true" />
export type { CallOptions, WriteOptions } from "./call.js";
export type { Capabilities } from "./capabilities.js";
export { type ConnectOptions, connect } from "./connect.js";
export { Connection, type StoreOptions } from "./connection.js";
export type { Entry } from "./entry.js";
export {
  AlreadyExists,
  ConnectionFailed,
  CursorExpired,
  DeserializationError,
  type ErrorCode,
  type ErrorDetails,
  InvalidArgument,
  KeyNotFound,
  KvError,
  LimitExceeded,
  NotConnected,
  OperationFailed,
  PermissionDenied,
  RevisionMismatch,
  SerializationError,
  StoreNotFound,
  Timeout,
  WatchError,
} from "./errors.js";
export type { StoreInfo, StoreLimits } from "./info.js";
export { Store } from "./store.js";
export type { Cursor, Version } from "./tokens.js";
export type { Delete, Purge, PurgeReason, Put, Update } from "./update.js";
export { Watch, type WatchOptions } from "./watch.js";
