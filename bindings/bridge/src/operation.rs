use crate::live::{Counted, Kind};
use crate::lock::lock;
use crate::queue::CompletionQueue;
use crate::runtime;
use slipstream::fork;
use slipstream::handle::{Failure, Session, Store};
use slipstream::kv::{KvEntry, KvError, UpdateBatch, VersionToken};
use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::oneshot;
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
    /// What `get_many` found for each key.
    Found(Vec<Option<KvEntry>>),
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

/// An operation that was not started, or not finished.
pub type Unfinished<T = Value> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

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
    generation: u64,
}

impl Drop for Operation {
    fn drop(&mut self) {
        // The task of a forked parent does not run here, and its runtime's locks may be held for
        // ever by a thread that was not forked.
        if self.generation == fork::generation() {
            self.task.abort();
        }
    }
}

/// Starts an operation: answers at once what is ready, else pushes the outcome to `queue` under
/// `id`, on another thread and possibly before this returns.
pub fn start<F>(future: F, queue: &Arc<CompletionQueue>, id: u64) -> Started
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let mut operation: Unfinished = Box::pin(future);
    match poll(&mut operation) {
        Some(outcome) => Started::Ready(outcome),
        None => Started::Pending(spawn(operation, queue, id)),
    }
}

/// The first half of [`start`]: polls an operation once, on the caller's thread. Timers and tasks
/// it makes belong to the runtime. What answers must not be polled again.
pub fn poll<T>(operation: &mut Unfinished<T>) -> Option<Result<T, Failure>> {
    let _context = runtime::handle().enter();
    match poll_caught(operation, &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// The second half of [`start`]: runs an operation that was not ready.
pub fn spawn(operation: Unfinished, queue: &Arc<CompletionQueue>, id: u64) -> Operation {
    let queue = queue.clone();
    run(operation, move |outcome| queue.push(id, outcome))
}

/// Runs an operation for a caller that has futures of its own, and may poll them on any thread.
///
/// It is polled once with the caller. What is not ready runs on the runtime, so that the caller is
/// woken once, by its outcome. Dropped, it cancels the operation.
pub async fn drive<T, F>(future: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let mut operation: Unfinished<T> = Box::pin(future);
    if let Some(outcome) = poll(&mut operation) {
        return outcome;
    }
    let (settle, settled) = oneshot::channel();
    // Nobody takes the outcome of what was dropped meanwhile.
    let _operation = run(operation, move |outcome| drop(settle.send(outcome)));
    settled.await.unwrap_or_else(|_| Err(Failure::new(KvError::NotConnected, "operation")))
}

/// An operation that a thread waits for. Dropped, it cancels the operation.
#[derive(Debug)]
pub struct Blocked {
    settled: Arc<(Mutex<Option<Outcome>>, Condvar)>,
    _operation: Operation,
}

/// Begins an operation and waits for its outcome on the calling thread's time, up to `limit`.
///
/// # Errors
/// What is left to wait for.
pub fn wait<F>(future: F, limit: Duration) -> Result<Outcome, Blocked>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let mut operation: Unfinished = Box::pin(future);
    if let Some(outcome) = poll(&mut operation) {
        return Ok(outcome);
    }
    let settled = Arc::new((Mutex::new(None), Condvar::new()));
    let settling = settled.clone();
    let operation = run(operation, move |outcome| {
        *lock(&settling.0) = Some(outcome);
        settling.1.notify_one();
    });
    Blocked { settled, _operation: operation }.wait(limit)
}

impl Blocked {
    /// Waits on, up to `limit`.
    ///
    /// # Errors
    /// What is left to wait for.
    pub fn wait(self, limit: Duration) -> Result<Outcome, Self> {
        let (settled, changed) = &*self.settled;
        let mut outcome = lock(settled);
        if outcome.is_none() {
            outcome =
                changed.wait_timeout(outcome, limit).unwrap_or_else(PoisonError::into_inner).0;
        }
        let taken = outcome.take();
        drop(outcome);
        taken.ok_or(self)
    }
}

fn run<T: 'static>(
    mut operation: Unfinished<T>,
    settle: impl FnOnce(Result<T, Failure>) + Send + 'static,
) -> Operation {
    let task = runtime::handle().spawn(async move {
        let outcome = poll_fn(|cx| poll_caught(&mut operation, cx)).await;
        settle(outcome);
    });
    Operation {
        task: Counted::new(Kind::Operation, task.abort_handle()),
        generation: fork::generation(),
    }
}

/// Polls an operation; a panic is its outcome, since it must neither cross into another language
/// nor leave a caller waiting for ever.
fn poll_caught<T>(operation: &mut Unfinished<T>, cx: &mut Context<'_>) -> Poll<Result<T, Failure>> {
    catch_unwind(AssertUnwindSafe(|| operation.as_mut().poll(cx)))
        .unwrap_or_else(|panic| Poll::Ready(Err(panicked(panic.as_ref()))))
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    let error = format!("internal error, please report it: {text}");
    Failure { outcome_unknown: true, ..Failure::new(KvError::OperationFailed(error), "operation") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_outcome_and_no_caller_waits_for_it() {
        fn broken(text: &str) -> Outcome {
            panic!("{text}")
        }
        let ready = poll(&mut (Box::pin(async { broken("at once") }) as Unfinished));
        let later = wait(
            async {
                tokio::task::yield_now().await;
                broken("later")
            },
            Duration::from_secs(5),
        );
        for (outcome, text) in [(ready.unwrap(), "at once"), (later.unwrap(), "later")] {
            let failure = outcome.unwrap_err();
            assert!(failure.to_string().contains(text), "{failure}");
            assert_eq!(failure.error.code(), "OperationFailed");
        }
    }

    #[test]
    fn what_is_no_longer_waited_for_is_cancelled() {
        let (held, free) = tokio::sync::oneshot::channel::<()>();
        let endless = async move {
            let _held = held;
            std::future::pending().await
        };
        let blocked = wait(endless, Duration::from_millis(1)).unwrap_err();
        drop(blocked.wait(Duration::from_millis(1)).unwrap_err());
        assert!(free.blocking_recv().is_err());
    }
}
