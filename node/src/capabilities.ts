// The record of what the stores of a connection can do.

/** What the stores of a connection can do. What is absent fails with a clear error. */
export interface Capabilities {
  /** Watches deliver changes as they happen. */
  readonly streamingWatch: boolean;
  /** Watches can be limited to prefixes. */
  readonly prefixWatch: boolean;
  /** Entries can have a time to live. */
  readonly ttl: boolean;
  /** Keys can be purged. */
  readonly purge: boolean;
  /** Writes can be made conditional on a version. */
  readonly cas: boolean;
  /** Several keys can be written as one. */
  readonly transactions: boolean;
  /** Versions order the writes of a whole store, not only those of one key. */
  readonly globalOrdering: boolean;
  /** The largest value, in bytes; 0 is no limit. */
  readonly maxValueSize: number;
}
