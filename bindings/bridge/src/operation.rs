use crate::live::{Counted, Kind};
use crate::queue::CompletionQueue;
use crate::runtime;
use parking_lot::{Condvar, Mutex};
use slipstream::handle::{Failure, Session, Store};
use slipstream::kv::{KvEntry, UpdateBatch, VersionToken};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::task::AbortHandle;

/// What an operation answers.
#[derive(Debug)]
pub enum Value {
    /// Nothing, as `close` and `purge` do.
    Unit,
    /// A yes or no, as `delete` does.
    Bool(bool),
    /// The version of a write.
    Token(VersionToken),
    /// What `get` and `entry` found.
    Entry(Option<KvEntry>),
    /// What `keys` found.
    Keys(Vec<String>),
    /// What `scan` found.
    Entries(Vec<KvEntry>),
    /// Updates of a watch; nothing once it has ended.
    Batch(Option<UpdateBatch>),
    /// A new session.
    Session(Session),
    /// A new store.
    Store(Store),
}

/// How an operation ended.
pub type Outcome = Result<Value, Failure>;

/// An operation that was polled once.
#[derive(Debug)]
pub enum Started {
    /// It was ready.
    Ready(Outcome),
    /// It runs, and its outcome will be pushed to the queue.
    Pending(Operation),
}

/// A pending operation. Dropping it cancels it; a write may have happened by then (rule W6).
#[derive(Debug)]
pub struct Operation {
    task: Counted<AbortHandle>,
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts an operation: answers at once what is ready, else pushes the outcome to `queue` under
/// `id`, on another thread and possibly before this returns.
pub fn start<F>(future: F, queue: &Arc<CompletionQueue>, id: u64) -> Started
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let mut future = Box::pin(future);
    if let Poll::Ready(outcome) = poll_once(future.as_mut()) {
        return Started::Ready(outcome);
    }
    let queue = queue.clone();
    let task = runtime::handle().spawn(async move {
        let outcome = future.await;
        queue.push(id, outcome);
    });
    Started::Pending(Operation { task: Counted::new(Kind::Operation, task.abort_handle()) })
}

/// Runs an operation to its end on the calling thread's time, for blocking callers. `tick` is
/// called every `interval` while it waits; what it returns as an error ends the wait and cancels
/// the operation.
pub fn wait<F, E>(
    future: F,
    interval: Duration,
    mut tick: impl FnMut() -> Result<(), E>,
) -> Result<Outcome, E>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let mut future = Box::pin(future);
    if let Poll::Ready(outcome) = poll_once(future.as_mut()) {
        return Ok(outcome);
    }
    let slot = Arc::new((Mutex::new(None), Condvar::new()));
    let filled = slot.clone();
    let task = runtime::handle().spawn(async move {
        let outcome = future.await;
        *filled.0.lock() = Some(outcome);
        filled.1.notify_one();
    });
    let _operation =
        Operation { task: Counted::new(Kind::Operation, task.abort_handle()) };
    loop {
        let mut outcome = slot.0.lock();
        if outcome.is_none() {
            slot.1.wait_for(&mut outcome, interval);
        }
        if let Some(outcome) = outcome.take() {
            return Ok(outcome);
        }
        drop(outcome);
        tick()?;
    }
}

/// The first poll, on the caller's thread. Timers and tasks it makes belong to the runtime.
fn poll_once(future: Pin<&mut (impl Future<Output = Outcome> + ?Sized)>) -> Poll<Outcome> {
    let _context = runtime::handle().enter();
    future.poll(&mut Context::from_waker(Waker::noop()))
}
