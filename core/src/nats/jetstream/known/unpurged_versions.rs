//! The versions that were lately seen to be of values or tombstones.

use std::sync::atomic::{AtomicU64, Ordering};

/// Versions that were lately seen to be of values or tombstones.
///
/// The server takes a write over the version of a purge as well, though a purged key is at no
/// version (W2). A version that was read or written here needs no second look; another one does.
pub(in crate::nats) struct UnpurgedVersions(Box<[AtomicU64]>);

/// How many versions are remembered: enough for those a process is about to use.
const SLOTS: usize = 4096;

impl UnpurgedVersions {
    pub(in crate::nats) fn new() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }

    pub(in crate::nats) fn add(&self, version: u64) {
        self.slot(version).store(version, Ordering::Relaxed);
    }

    pub(in crate::nats) fn has(&self, version: u64) -> bool {
        self.slot(version).load(Ordering::Relaxed) == version
    }

    fn slot(&self, version: u64) -> &AtomicU64 {
        &self.0[(version % SLOTS as u64) as usize]
    }
}
