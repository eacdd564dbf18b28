//! A watch as every language is given it: one reads it batch by batch, and others wait beside.

use super::failure::Failure;
use super::lending::Lender;
use crate::kv::key::KeySet;
use crate::kv::{BatchLimit, KvError, KvWatcher, UpdateBatch, WatchCursor};
use crate::lifecycle::deadline::Deadlines;
use crate::lifecycle::lease::Own;
use crate::lock::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch as signal;

/// A watch: read it in batches until it ends.
///
/// It holds nothing but a position until it is read, except after [`synced`](Self::synced), which
/// keeps what it read to be delivered next. Dropping the last clone closes it.
#[derive(Clone)]
pub struct Watch {
    inner: Arc<Inner>,
}

struct Inner {
    store: String,
    state: Own<State>,
}

struct State {
    lender: Lender,
    /// True while a call reads updates: a second reader at once is an error.
    read: AtomicBool,
    stage: signal::Sender<Stage>,
    delivered: Mutex<WatchCursor>,
    /// How long closing may take.
    deadlines: Deadlines,
}

/// How far a watch is, for those who wait beside its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    Synced,
    Closed,
}

impl Watch {
    pub(super) fn open(
        watcher: Arc<dyn KvWatcher>,
        keys: KeySet,
        cursor: &WatchCursor,
        store: &str,
        deadlines: Deadlines,
    ) -> Result<Self, KvError> {
        let state = State {
            lender: Lender::open(watcher, keys, cursor)?,
            read: AtomicBool::new(false),
            stage: signal::Sender::new(Stage::Reading),
            delivered: Mutex::new(cursor.clone()),
            deadlines,
        };
        let inner = Inner { store: store.to_owned(), state: Own::new(state) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The next updates, at least one; nothing once the watch has ended. Waits for them without a
    /// deadline. Dropping the future loses no update.
    pub async fn next_batch(&self, limit: BatchLimit) -> Result<Option<UpdateBatch>, Failure> {
        let state = self.state("watch")?;
        if state.read.swap(true, Ordering::Acquire) {
            let error = "this watch is being read already; open one watch for each reader";
            return Err(self.failure(KvError::OperationFailed(error.into()), "watch"));
        }
        let _turn = Turn(&state.read);
        let batch = tokio::select! {
            biased;
            () = state.closed() => Ok(None),
            batch = state.read(limit) => batch,
        };
        batch.map_err(|error| self.failure(error, "watch"))
    }

    /// Waits until the first state is complete (S3): every update of it has been read, or waits in
    /// memory to be read next. With a cursor: until the watch has caught up with the store.
    pub async fn synced(&self) -> Result<(), Failure> {
        let state = self.state("synced")?;
        let mut stage = state.stage.subscribe();
        loop {
            match *stage.borrow_and_update() {
                Stage::Synced => return Ok(()),
                Stage::Closed => {
                    let error = "the watch was closed before its first state was complete";
                    return Err(self.failure(KvError::WatchError(error.into()), "synced"));
                }
                Stage::Reading => {}
            }
            let ended = tokio::select! {
                biased;
                _ = stage.changed() => continue,
                ended = state.read_ahead() => ended,
            };
            if ended.map_err(|error| self.failure(error, "synced"))? {
                return Ok(());
            }
            if !self.is_synced() {
                // A large state that is ready is not read in one go on the thread that asked (B9).
                tokio::task::yield_now().await;
            }
        }
    }

    /// Whether the first state is complete, as [`synced`](Self::synced) waits for it.
    pub fn is_synced(&self) -> bool {
        self.inner.state.get().is_ok_and(|state| *state.stage.borrow() == Stage::Synced)
    }

    /// The position after the batches that were handed out (S4): what to resume from once all of
    /// their updates are handled. Nothing is known of it in a forked child.
    pub fn cursor(&self) -> WatchCursor {
        let delivered = self.inner.state.get().map(|state| state.delivered.lock().clone());
        delivered.unwrap_or_default()
    }

    /// Ends the watch at once, and has what is behind it freed (S9). A reader that waits is told the
    /// end.
    pub fn cancel(&self) {
        // What a forked child inherited is its parent's to end.
        if let Ok(state) = self.inner.state.get() {
            state.stage.send_replace(Stage::Closed);
            state.lender.close();
        }
    }

    /// [Ends](Self::cancel) the watch, and waits until nothing is left of it on a server (S9). An
    /// error says why something stays there. A call that reads the watch, and that nobody polls or
    /// drops, holds this up until the deadline of an operation.
    pub async fn close(&self) -> Result<(), Failure> {
        self.cancel();
        let Ok(state) = self.inner.state.get() else { return Ok(()) };
        let gone = state.deadlines.keep(state.lender.gone()).await;
        gone.map_err(|error| self.failure(error, "close"))
    }

    fn failure(&self, error: KvError, operation: &'static str) -> Failure {
        let failure = Failure::new(error, operation).in_store(&self.inner.store);
        failure.made_in(self.inner.state.owner())
    }

    fn state(&self, operation: &'static str) -> Result<&State, Failure> {
        self.inner.state.get().map_err(|lapse| self.failure(lapse.into(), operation))
    }
}

impl State {
    async fn closed(&self) {
        let mut stage = self.stage.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = stage.wait_for(|stage| *stage == Stage::Closed).await;
    }

    async fn read(&self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        let Some(mut reader) = self.lender.lend().await else { return Ok(None) };
        while let Some(mut batch) = reader.next(limit).await? {
            self.mark(&batch);
            let mut delivered = self.delivered.lock();
            batch.follow(&delivered);
            *delivered = batch.frontier().clone();
            drop(delivered);
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Reads one batch to be delivered later; true if the watch has ended.
    async fn read_ahead(&self) -> Result<bool, KvError> {
        // That the watch was closed is seen by who asks.
        let Some(mut reader) = self.lender.lend().await else { return Ok(false) };
        if !reader.marks_synced() {
            let error = "this store does not say when the first state is complete";
            return Err(KvError::OperationFailed(error.into()));
        }
        let Some(batch) = reader.read(BatchLimit::default()).await? else { return Ok(true) };
        self.mark(&batch);
        reader.keep(batch);
        Ok(false)
    }

    fn mark(&self, batch: &UpdateBatch) {
        if batch.is_synced() {
            self.stage.send_if_modified(|stage| {
                let first = *stage == Stage::Reading;
                if first {
                    *stage = Stage::Synced;
                }
                first
            });
        }
    }
}

/// A turn of reading. It ends when the call ends, also when that is given up.
struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("store", &self.inner.store).finish_non_exhaustive()
    }
}
