//! A watch buffered between the core, which gives batches, and a language, which takes updates.

use crate::lock::lock;
use crate::value::{Outcome, Value};
use slipstream::handle::{Failure, Watch};
use slipstream::kv::{BatchLimit, KvError, UpdateBatch, UpdateRef, WatchCursor};
use slipstream::lifecycle::lease::Own;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use tokio::sync::Mutex as AsyncMutex;

/// A watch read batch by batch and handed out update by update.
///
/// A batch goes from the watch into the buffer in one step, before whoever asked for it is told.
/// So a reader may be cancelled at any moment and no update is lost, and the cursor never runs
/// ahead of what was handed out (rule S4).
///
/// In a forked child no lock is taken, since a thread of the parent may hold it for ever.
#[derive(Clone)]
pub struct WatchBuffer {
    inner: Arc<Inner>,
}

struct Inner {
    watch: Watch,
    state: Own<State>,
}

struct State {
    ahead: Mutex<Ahead>,
    turn: AtomicBool,
    reading: AsyncMutex<()>,
}

#[derive(Default)]
struct Ahead {
    batch: UpdateBatch,
    taken: usize,
    /// The position before the first update of `batch`.
    before: WatchCursor,
    /// Where a closed watch stood.
    closed: Option<WatchCursor>,
    ended: bool,
}

/// The right to read a watch, held while a reader waits: a second one at once is an error.
pub struct Turn {
    inner: Arc<Inner>,
}

impl WatchBuffer {
    /// Buffers a watch that nobody has read from.
    pub fn new(watch: Watch) -> Self {
        let ahead = Mutex::new(Ahead { before: watch.cursor(), ..Ahead::default() });
        let (turn, reading) = (AtomicBool::new(false), AsyncMutex::new(()));
        let state = Own::new(State { ahead, turn, reading });
        Self { inner: Arc::new(Inner { watch, state }) }
    }

    /// The watch behind the buffer.
    pub fn watch(&self) -> &Watch {
        &self.inner.watch
    }

    /// Takes the right to read until it is dropped.
    pub fn turn(&self) -> Result<Turn, Failure> {
        // A forked child is told by its first read that it cannot, whoever read in the parent.
        if self.state().is_some_and(|state| state.turn.swap(true, Ordering::Acquire)) {
            let error = "this watch is being read already; open one watch for each reader";
            return Err(Failure::new(KvError::OperationFailed(error.into()), "watch"));
        }
        Ok(Turn { inner: self.inner.clone() })
    }

    /// Waits until there is an update to take: `true`, or `false` once the watch has ended.
    pub async fn fill(self) -> Outcome {
        let Some(state) = self.state() else {
            let batch = self.inner.watch.next_batch(BatchLimit::default()).await;
            return batch.map(|_| Value::Bool(false));
        };
        // A reader that was cancelled leaves the watch only when the runtime drops it, which may
        // be after the next one has its turn.
        let _reading = state.reading.lock().await;
        if !lock(&state.ahead).is_empty() {
            return Ok(Value::Bool(true));
        }
        let mut next = pin!(self.inner.watch.next_batch(BatchLimit::default()));
        poll_fn(|cx| {
            // Locked while polled, so that `cursor` never sees a batch that left the watch and
            // has not arrived here.
            let mut ahead = lock(&state.ahead);
            let Poll::Ready(batch) = next.as_mut().poll(cx) else { return Poll::Pending };
            Poll::Ready(ahead.put(batch).map(Value::Bool))
        })
        .await
    }

    /// Takes the next update, if one is there, by giving it to `make` with the position after it.
    pub fn take<T>(&self, make: impl FnOnce(UpdateRef<'_>, WatchCursor) -> T) -> Option<T> {
        let mut ahead = lock(&self.state()?.ahead);
        let made = make(ahead.batch.get(ahead.taken)?, ahead.batch.cursor_after(ahead.taken));
        ahead.taken += 1;
        Some(made)
    }

    /// Takes all updates that are there: the batch, and the index of the first to hand out.
    pub fn take_all(&self) -> Option<(UpdateBatch, usize)> {
        let mut ahead = lock(&self.state()?.ahead);
        if ahead.is_empty() { None } else { Some(ahead.take()) }
    }

    /// The position after the last update handed out; nothing is known of it in a forked child.
    pub fn cursor(&self) -> Option<WatchCursor> {
        let ahead = lock(&self.state()?.ahead);
        Some(ahead.position().unwrap_or_else(|| self.inner.watch.cursor()))
    }

    /// Whether the first state is complete (rule S3).
    pub fn is_synced(&self) -> bool {
        self.inner.watch.is_synced()
    }

    /// Whether the watch has ended or was closed, so that nobody needs to close it.
    pub fn is_ended(&self) -> bool {
        self.state().is_none_or(|state| lock(&state.ahead).ended)
    }

    /// Ends the watch and drops what was not handed out. The cursor stays where it is.
    pub fn cancel(&self) {
        let Some(state) = self.state() else { return };
        let mut ahead = lock(&state.ahead);
        ahead.closed = Some(ahead.position().unwrap_or_else(|| self.inner.watch.cursor()));
        ahead.ended = true;
        ahead.take();
        drop(ahead);
        self.inner.watch.cancel();
    }

    /// [Ends](Self::cancel) the watch, and waits until nothing is left of it on a server (S9).
    pub async fn close(self) -> Outcome {
        self.cancel();
        self.inner.watch.close().await.map(|()| Value::Unit)
    }

    /// Nothing in a forked child.
    fn state(&self) -> Option<&State> {
        self.inner.state.get().ok()
    }
}

impl Ahead {
    fn is_empty(&self) -> bool {
        self.taken >= self.batch.len()
    }

    fn put(&mut self, batch: Result<Option<UpdateBatch>, Failure>) -> Result<bool, Failure> {
        self.ended |= !matches!(batch, Ok(Some(_)));
        let Some(batch) = batch? else { return Ok(false) };
        // A batch that was on its way when the watch was closed is dropped with the rest.
        if self.closed.is_some() {
            return Ok(false);
        }
        self.take();
        self.batch = batch;
        Ok(true)
    }

    fn take(&mut self) -> (UpdateBatch, usize) {
        if !self.batch.is_empty() {
            self.before = self.batch.frontier().clone();
        }
        (std::mem::take(&mut self.batch), std::mem::take(&mut self.taken))
    }

    /// The position after the last update handed out, unless it is the watch's own.
    fn position(&self) -> Option<WatchCursor> {
        match self.taken {
            _ if self.closed.is_some() => self.closed.clone(),
            _ if self.is_empty() => None,
            0 => Some(self.before.clone()),
            taken => Some(self.batch.cursor_after(taken - 1)),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Ok(state) = self.inner.state.get() {
            state.turn.store(false, Ordering::Release);
        }
    }
}
