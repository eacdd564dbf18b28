//! The record of what the stores of a connection can do.

/// What the stores of a connection can do. What is absent fails with a clear error.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ConnectionCapabilities {
    /// Watches deliver changes as they happen.
    pub streaming_watch: bool,
    /// Watches can be limited to prefixes.
    pub prefix_watch: bool,
    /// Entries can have a time to live.
    pub ttl: bool,
    /// Keys can be purged.
    pub purge: bool,
    /// Writes can be made conditional on a version.
    pub cas: bool,
    /// Several keys can be written as one.
    pub transactions: bool,
    /// Versions order the writes of a whole store, not only those of one key.
    pub global_ordering: bool,
    /// The largest value, in bytes; 0 is no limit.
    pub max_value_size: u64,
}

impl From<slipstream::ConnectionCapabilities> for ConnectionCapabilities {
    fn from(can: slipstream::ConnectionCapabilities) -> Self {
        Self {
            streaming_watch: can.streaming_watch,
            prefix_watch: can.prefix_watch,
            ttl: can.ttl,
            purge: can.purge,
            cas: can.cas,
            transactions: can.transactions,
            global_ordering: can.global_ordering,
            max_value_size: can.max_value_size as u64,
        }
    }
}
