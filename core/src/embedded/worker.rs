//! A worker: a thread that its owner stops, and then waits for.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// A thread that ends once its owner has told it to.
pub(super) struct Worker {
    id: ThreadId,
    ended: Receiver<()>,
}

/// How long the owner waits for the end. A worker that waits for the lock of a stopped process is
/// left behind, and ends when it gets that lock.
const LONGEST_JOIN: Duration = Duration::from_secs(2);

impl Worker {
    pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (running, ended) = channel();
        let thread = thread::Builder::new().name(name.into()).spawn(move || {
            // Dropped when the work has ended, by a panic as well.
            let _running = running;
            work();
        })?;
        Ok(Self { id: thread.thread().id(), ended })
    }

    /// Waits for the end of the work, for a bounded time. Does nothing on the worker's own thread.
    pub(super) fn join(self) {
        if self.id != thread::current().id()
            && self.ended.recv_timeout(LONGEST_JOIN) == Err(RecvTimeoutError::Timeout)
        {
            tracing::warn!("a thread waits for another process and is left behind");
        }
    }
}
