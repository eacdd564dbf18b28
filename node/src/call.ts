// The options of a call.

/** What every call takes. */
export interface CallOptions {
  /**
   * Ends the call: it rejects with the signal's reason. A write may have happened by then; one
   * whose signal had aborted before has not.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What a write takes. */
export interface WriteOptions extends CallOptions {
  /** How long the entry lives, in milliseconds (W5). */
  readonly ttl?: number | undefined;
}
