//! Counts of the handles that exist in this process, for tests that look for leaks.

/// How many handles of each kind exist in this process.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Live {
    /// Connections.
    pub sessions: u64,
    /// Stores.
    pub stores: u64,
    /// Watches.
    pub watches: u64,
    /// Pending operations.
    pub operations: u64,
}

/// Counts the live handles, so that tests can assert that nothing leaks.
#[uniffi::export]
pub fn live() -> Live {
    let live = slipstream_bridge::live();
    Live {
        sessions: live.sessions as u64,
        stores: live.stores as u64,
        watches: live.watches as u64,
        operations: live.operations as u64,
    }
}
