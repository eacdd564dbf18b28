//! An operation from its first poll to its outcome: unfinished, pending, or waited for by a thread.

use crate::job::{FutureJob, Job};
use crate::live::{Counted, Kind};
use crate::queue::CompletionQueue;
use crate::runtime;
use crate::target::{Settled, Target};
use crate::value::{Outcome, Value};
use slipstream::cork::Cork;
use std::future::Future;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

/// An operation that nobody waits for yet. Dropped, it is given up.
///
/// It is polled where it starts, and later on the runtime whenever it is woken, without being
/// handed over in between: what is sent in the first poll costs no other thread a wake-up.
pub struct Unfinished<T = Value> {
    job: Arc<dyn Job<T>>,
    /// Holds back what the first poll asked for.
    cork: Cork,
}

/// A pending operation. Dropping it cancels it; a write may have happened by then (rule W6).
///
/// What a forked child inherits is not its own, and is neither cancelled nor dropped there.
pub struct Operation<T = Value> {
    unfinished: Counted<Unfinished<T>>,
}

/// An operation that a thread waits for. Dropped, it cancels the operation.
pub struct Blocked {
    operation: Operation,
}

impl<T: Send + 'static> Unfinished<T> {
    /// An operation that has not begun.
    pub fn new(future: impl Future<Output = Outcome<T>> + Send + 'static) -> Self {
        Self { job: Arc::new(FutureJob::new(runtime::executor(), future)), cork: Cork::new() }
    }

    /// Polls an operation for the first time, on the caller's thread. Timers and tasks it makes
    /// belong to the runtime. What it asks for is sent when somebody waits for it, unless the caller
    /// [takes](Self::take_cork) that upon itself.
    pub fn poll(&mut self) -> Option<Outcome<T>> {
        let _context = runtime::handle().enter();
        self.cork.hold(|| Arc::clone(&self.job).begin())
    }

    /// What the first poll asked for and the caller is to send.
    pub fn take_cork(&mut self) -> Cork {
        mem::take(&mut self.cork)
    }

    /// Has `id` pushed to `queue` at the end, by another thread and possibly before this returns.
    pub fn push_to(self, queue: &Arc<CompletionQueue>, id: u64) -> Operation<T> {
        self.pending().settled_at(Target::Queue(queue.clone(), id))
    }

    /// Sends what it asked for and has it counted as pending. Whom to tell of the outcome is to be
    /// said next.
    pub(crate) fn pending(mut self) -> Operation<T> {
        self.cork.release();
        Operation { unfinished: Counted::new(Kind::Operation, self) }
    }
}

impl Unfinished {
    /// Waits for the outcome on the calling thread's time, up to `limit`.
    ///
    /// # Errors
    /// What is left to wait for.
    pub fn wait(self, limit: Duration) -> Result<Outcome, Blocked> {
        let thread = Target::Thread(std::thread::current());
        Blocked { operation: self.pending().settled_at(thread) }.wait(limit)
    }
}

impl<T> Drop for Unfinished<T> {
    fn drop(&mut self) {
        Arc::clone(&self.job).cancel();
    }
}

impl<T> Operation<T> {
    /// Takes the outcome, if it is there.
    pub fn take(&self) -> Option<Outcome<T>> {
        self.unfinished.job.take()
    }

    fn settled_at(self, target: Target) -> Self {
        self.settle_at(target);
        self
    }

    /// Says who is to be told of the outcome, at once if it is there.
    pub(crate) fn settle_at(&self, target: Target) {
        let mut settled = Settled::default();
        self.unfinished.job.settle_at(target, &mut settled);
        settled.announce();
    }
}

impl Blocked {
    /// Waits on, up to `limit`.
    ///
    /// # Errors
    /// What is left to wait for.
    pub fn wait(self, limit: Duration) -> Result<Outcome, Self> {
        if let Some(outcome) = self.operation.take() {
            return Ok(outcome);
        }
        std::thread::park_timeout(limit);
        self.operation.take().ok_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// Waits for an outcome, however often the thread is woken in between.
    fn outcome(future: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
        let until = Instant::now() + Duration::from_secs(5);
        let mut unfinished = Unfinished::new(future);
        assert!(unfinished.poll().is_none());
        let mut waited = unfinished.wait(Duration::from_secs(1));
        loop {
            match waited {
                Ok(outcome) => return outcome,
                Err(blocked) => {
                    assert!(Instant::now() < until, "no outcome");
                    waited = blocked.wait(Duration::from_secs(1));
                }
            }
        }
    }

    #[test]
    fn a_panic_is_an_outcome_and_no_caller_waits_for_it() {
        fn broken(text: &str) -> Outcome {
            panic!("{text}")
        }
        let ready = Unfinished::new(async { broken("at once") }).poll().unwrap();
        let later = outcome(async {
            tokio::task::yield_now().await;
            broken("later")
        });
        for (outcome, text) in [(ready, "at once"), (later, "later")] {
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
        let mut endless = Unfinished::new(endless);
        assert!(endless.poll().is_none());
        let blocked = endless.wait(Duration::from_millis(1)).err().unwrap();
        drop(blocked.wait(Duration::from_millis(1)).err().unwrap());
        assert!(free.blocking_recv().is_err());
    }

    #[test]
    fn what_is_woken_while_it_begins_is_polled_again() {
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut tell = Some(tell);
        let woken = outcome(async move {
            let mut told = std::pin::pin!(told);
            std::future::poll_fn(|cx| {
                let polled = told.as_mut().poll(cx);
                if let Some(tell) = tell.take() {
                    tell.send(true).unwrap();
                }
                polled.map(|told| Ok(Value::Bool(told.unwrap())))
            })
            .await
        });
        assert!(matches!(woken, Ok(Value::Bool(true))));
    }

    #[test]
    fn a_queue_is_rung_once_for_what_ends_together() {
        let rung = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = rung.clone();
        let queue = Arc::new(CompletionQueue::new(move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }));
        let (open, opened) = tokio::sync::watch::channel(false);
        let operations: Vec<Operation> = (0..10)
            .map(|id| {
                let mut opened = opened.clone();
                let mut unfinished = Unfinished::new(async move {
                    let opened = opened.wait_for(|open| *open).await;
                    Ok(Value::Bool(opened.is_ok()))
                });
                assert!(unfinished.poll().is_none());
                unfinished.push_to(&queue, id)
            })
            .collect();
        open.send_replace(true);
        let until = Instant::now() + Duration::from_secs(5);
        let mut ended = Vec::new();
        while ended.len() < operations.len() {
            assert!(Instant::now() < until, "only {ended:?} ended");
            std::thread::sleep(Duration::from_millis(10));
            let mut taken = Vec::new();
            queue.take(&mut taken);
            ended.extend(taken);
        }
        assert_eq!(rung.load(std::sync::atomic::Ordering::SeqCst), 1);
        assert!(operations.iter().all(|it| matches!(it.take(), Some(Ok(Value::Bool(true))))));
    }
}
