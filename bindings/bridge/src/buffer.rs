use crate::operation::{Outcome, Value};
use parking_lot::Mutex;
use slipstream::handle::{Failure, Watch};
use slipstream::kv::{BatchLimit, KvError, UpdateBatch, UpdateRef, WatchCursor};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// A watch read batch by batch and handed out update by update.
///
/// A batch goes from the watch into the buffer in one step, before whoever asked for it is told.
/// So a reader may be cancelled at any moment and no update is lost, and the cursor never runs
/// ahead of what was handed out (rule S4).
#[derive(Clone)]
pub struct WatchBuffer {
    inner: Arc<Inner>,
}

struct Inner {
    watch: Watch,
    ahead: Mutex<Ahead>,
    turn: AtomicBool,
}

#[derive(Default)]
struct Ahead {
    batch: UpdateBatch,
    taken: usize,
    /// The position before the first update of `batch`.
    before: WatchCursor,
    ended: bool,
}

/// The right to read a watch, held while a reader waits: a second one at once is an error.
pub struct Turn {
    inner: Arc<Inner>,
}

impl WatchBuffer {
    /// Buffers a watch that nobody has read from.
    pub fn new(watch: Watch) -> Self {
        let ahead = Ahead { before: watch.cursor(), ..Ahead::default() };
        let (ahead, turn) = (Mutex::new(ahead), AtomicBool::new(false));
        Self { inner: Arc::new(Inner { watch, ahead, turn }) }
    }

    /// The watch behind the buffer.
    pub fn watch(&self) -> &Watch {
        &self.inner.watch
    }

    /// Takes the right to read until it is dropped.
    pub fn turn(&self) -> Result<Turn, Failure> {
        if self.inner.turn.swap(true, Ordering::Acquire) {
            let error = "this watch is being read already; open one watch for each reader";
            return Err(Failure::new(KvError::OperationFailed(error.into()), "watch"));
        }
        Ok(Turn { inner: self.inner.clone() })
    }

    /// Whether a reader waits.
    pub fn is_read(&self) -> bool {
        self.inner.turn.load(Ordering::Relaxed)
    }

    /// Waits until there is an update to take: `true`, or `false` once the watch has ended.
    pub async fn fill(self) -> Outcome {
        if !self.inner.ahead.lock().is_empty() {
            return Ok(Value::Bool(true));
        }
        let mut next = pin!(self.inner.watch.next_batch(BatchLimit::default()));
        poll_fn(|cx| {
            // Locked while polled, so that `cursor` never sees a batch that left the watch and
            // has not arrived here.
            let mut ahead = self.inner.ahead.lock();
            let Poll::Ready(batch) = next.as_mut().poll(cx) else { return Poll::Pending };
            Poll::Ready(batch.map(|batch| Value::Bool(ahead.put(batch))))
        })
        .await
    }

    /// Takes the next update, if one is there, by giving it to `make` with the position after it.
    pub fn take<T>(&self, make: impl FnOnce(UpdateRef<'_>, WatchCursor) -> T) -> Option<T> {
        let mut ahead = self.inner.ahead.lock();
        let made = make(ahead.batch.get(ahead.taken)?, ahead.batch.cursor_after(ahead.taken));
        ahead.taken += 1;
        Some(made)
    }

    /// Takes all updates that are there: the batch, and the index of the first to hand out.
    pub fn take_all(&self) -> Option<(UpdateBatch, usize)> {
        let mut ahead = self.inner.ahead.lock();
        if ahead.is_empty() {
            return None;
        }
        let batch = std::mem::take(&mut ahead.batch);
        ahead.before = batch.frontier().clone();
        Some((batch, std::mem::take(&mut ahead.taken)))
    }

    /// The position after the last update handed out.
    pub fn cursor(&self) -> WatchCursor {
        let ahead = self.inner.ahead.lock();
        match ahead.taken {
            _ if ahead.is_empty() => self.inner.watch.cursor(),
            0 => ahead.before.clone(),
            taken => ahead.batch.cursor_after(taken - 1),
        }
    }

    /// Whether the watch has ended and everything was handed out.
    pub fn is_ended(&self) -> bool {
        let ahead = self.inner.ahead.lock();
        ahead.ended && ahead.is_empty()
    }

    /// Ends the watch and drops what was not handed out.
    pub fn close(&self) {
        self.inner.watch.close();
        let mut ahead = self.inner.ahead.lock();
        // The cursor stays after the last update handed out, whatever is dropped here.
        let cut = ahead.taken.checked_sub(1).map(|last| ahead.batch.cursor_after(last));
        ahead.closed_at(cut);
    }
}

impl Ahead {
    fn is_empty(&self) -> bool {
        self.taken >= self.batch.len()
    }

    fn put(&mut self, batch: Option<UpdateBatch>) -> bool {
        self.before = self.batch.frontier().clone();
        self.taken = 0;
        self.ended = batch.is_none();
        self.batch = batch.unwrap_or_default();
        !self.ended
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.inner.turn.store(false, Ordering::Release);
    }
}
