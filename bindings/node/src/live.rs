//! Counts of the handles that exist in this process, for tests that look for leaks.

use napi_derive::napi;

/// How many handles of each kind exist in this process.
#[napi(object, object_from_js = false)]
pub struct Live {
    /// Connections.
    pub sessions: u32,
    /// Stores.
    pub stores: u32,
    /// Watches.
    pub watches: u32,
    /// Pending operations.
    pub operations: u32,
}

/// Counts the live handles.
#[napi(catch_unwind)]
pub fn live() -> Live {
    let live = slipstream_bridge::live();
    Live {
        sessions: live.sessions as u32,
        stores: live.stores as u32,
        watches: live.watches as u32,
        operations: live.operations as u32,
    }
}
