//! The wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time, in milliseconds since 1970. Deadlines are kept in a file that several processes read,
/// so they are told by the wall clock.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
