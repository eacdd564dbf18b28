use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// A thread that ends when its owner has told it to.
pub(super) struct Worker {
    id: ThreadId,
    ended: Receiver<()>,
}

/// How long a worker is waited for. One that waits for a lock which a stopped process holds is
/// left to end when it gets it.
const PATIENCE: Duration = Duration::from_secs(2);

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

    /// Waits for the end of the work, for a bounded time. The worker itself does not wait.
    pub(super) fn join(self) {
        if self.id != thread::current().id()
            && self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout)
        {
            tracing::warn!("a thread waits for another process and is left behind");
        }
    }
}
