//! An operation's future, polled by whichever thread's turn it is, and its outcome until it is taken.

use crate::executor::{Executor, Run};
use crate::lock::lock;
use crate::target::{Settled, Target};
use crate::value::Outcome;
use slipstream::handle::Failure;
use slipstream::kv::KvError;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

/// An operation with an answer, whatever its future.
pub(crate) trait Job<T>: Run {
    /// Polls it for the first time, where it starts.
    fn begin(self: Arc<Self>) -> Option<Outcome<T>>;

    /// Says who is to be told of the outcome.
    fn settle_at(&self, target: Target, settled: &mut Settled);

    /// Takes the outcome, if it is there.
    fn take(&self) -> Option<Outcome<T>>;

    /// Drops the future, and what it holds.
    fn cancel(self: Arc<Self>);
}

/// An operation with its future, which is polled by one thread at a time and never moved.
pub(crate) struct FutureJob<F, T> {
    executor: &'static Executor,
    /// Whether it waits to be run.
    woken: AtomicBool,
    cancelled: AtomicBool,
    state: Mutex<State<F, T>>,
}

struct State<F, T> {
    future: Option<F>,
    outcome: Option<Outcome<T>>,
    target: Option<Target>,
}

impl<F, T> FutureJob<F, T> {
    pub(crate) fn new(executor: &'static Executor, future: F) -> Self {
        let state = State { future: Some(future), outcome: None, target: None };
        let [woken, cancelled] = [const { AtomicBool::new(false) }; 2];
        Self { executor, woken, cancelled, state: Mutex::new(state) }
    }
}

impl<F, T> FutureJob<F, T>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    /// Polls the future; a panic is its outcome, since it must neither cross into another language
    /// nor leave a caller waiting for ever.
    fn poll(self: &Arc<Self>, state: &mut MutexGuard<'_, State<F, T>>) -> Poll<Outcome<T>> {
        // SAFETY: the future is in a job that is shared, so it never moves, and it is dropped in
        // place by `set`.
        let mut slot = unsafe { Pin::new_unchecked(&mut state.future) };
        let Some(future) = slot.as_mut().as_pin_mut() else { return Poll::Pending };
        let waker = Waker::from(self.clone());
        let polled =
            catch_unwind(AssertUnwindSafe(|| future.poll(&mut Context::from_waker(&waker))))
                .unwrap_or_else(|panic| Poll::Ready(Err(panicked(panic.as_ref()))));
        if polled.is_ready() {
            discard(slot);
        }
        polled
    }
}

impl<F, T> Run for FutureJob<F, T>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    fn run(self: Arc<Self>, settled: &mut Settled) {
        // From here on whoever wakes it has it run again.
        self.woken.store(false, Ordering::SeqCst);
        let mut state = lock(&self.state);
        if self.cancelled.load(Ordering::SeqCst) {
            // SAFETY: as in `poll`.
            discard(unsafe { Pin::new_unchecked(&mut state.future) });
            return;
        }
        if let Poll::Ready(outcome) = self.poll(&mut state) {
            state.outcome = Some(outcome);
            if let Some(target) = state.target.take() {
                drop(state);
                settled.tell(target);
            }
        }
    }
}

impl<F, T> Job<T> for FutureJob<F, T>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    fn begin(self: Arc<Self>) -> Option<Outcome<T>> {
        match self.poll(&mut lock(&self.state)) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    fn settle_at(&self, target: Target, settled: &mut Settled) {
        let mut state = lock(&self.state);
        if state.outcome.is_none() {
            state.target = Some(target);
            return;
        }
        drop(state);
        settled.tell(target);
    }

    fn take(&self) -> Option<Outcome<T>> {
        lock(&self.state).outcome.take()
    }

    fn cancel(self: Arc<Self>) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Ok(mut state) = self.state.try_lock() {
            state.target = None;
            // SAFETY: as in `poll`.
            discard(unsafe { Pin::new_unchecked(&mut state.future) });
            return;
        }
        // It is being polled, which may take long. It is dropped after that, by who polls.
        self.wake();
    }
}

impl<F, T> Wake for FutureJob<F, T>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    fn wake(self: Arc<Self>) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            self.executor.schedule(self);
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            self.executor.schedule(self.clone());
        }
    }
}

/// Drops a future in place. One that panics then has nobody to tell.
fn discard<F>(mut future: Pin<&mut Option<F>>) {
    let _ = catch_unwind(AssertUnwindSafe(|| future.set(None)));
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    let error = format!("internal error, please report it: {text}");
    let mut failure = Failure::new(KvError::OperationFailed(error), "operation");
    failure.outcome_unknown = true;
    failure
}
