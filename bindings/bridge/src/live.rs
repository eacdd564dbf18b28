//! Counts of the handles that exist in this process, by which tests find leaks.

use slipstream::lifecycle::fork::Process;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Open or closed sessions that a program still holds.
    Session,
    /// Stores.
    Store,
    /// Watches.
    Watch,
    /// Operations that wait for an outcome.
    Operation,
}

static COUNTS: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];

/// A value that counts as live while it exists, so that tests can assert that nothing leaks.
#[derive(Debug)]
pub struct Counted<T> {
    value: ManuallyDrop<T>,
    kind: Kind,
    owner: Process,
}

impl<T> Counted<T> {
    /// Counts `value` until it is dropped.
    pub fn new(kind: Kind, value: T) -> Self {
        COUNTS[kind as usize].fetch_add(1, Ordering::Relaxed);
        Self { value: ManuallyDrop::new(value), kind, owner: Process::this() }
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        COUNTS[self.kind as usize].fetch_sub(1, Ordering::Relaxed);
        // What a forked child inherited is given up and not dropped: its locks may be held for
        // ever by a thread of the parent, and its files and sockets are the parent's to close.
        if self.owner.is_this() {
            // SAFETY: this is the only place that drops the value, and it is not used after.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        }
    }
}

/// How many handles of each kind exist in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// Sessions.
    pub sessions: usize,
    /// Stores.
    pub stores: usize,
    /// Watches.
    pub watches: usize,
    /// Pending operations.
    pub operations: usize,
}

/// Counts the live handles.
pub fn live() -> Live {
    let count = |kind: Kind| COUNTS[kind as usize].load(Ordering::Relaxed);
    Live {
        sessions: count(Kind::Session),
        stores: count(Kind::Store),
        watches: count(Kind::Watch),
        operations: count(Kind::Operation),
    }
}
