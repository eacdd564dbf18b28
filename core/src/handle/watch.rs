use super::failure::Failure;
use crate::fork;
use crate::kv::{
    BatchLimit, ChannelWatch, KvError, KvWatcher, UpdateBatch, WatchCursor, WatchSource,
};
use crate::lock::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Mutex as AsyncMutex, watch as signal};

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
    generation: u64,
    reader: AsyncMutex<Reader>,
    /// Whether somebody reads updates now: a second reader at once is an error.
    read: AtomicBool,
    stage: signal::Sender<Stage>,
    delivered: Mutex<WatchCursor>,
}

/// How far a watch is, for those who wait beside its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    Synced,
    Closed,
}

struct Reader {
    source: Option<Box<dyn WatchSource>>,
    /// Opened when first read, for stores that are read through a channel.
    unopened: Option<Unopened>,
    ahead: VecDeque<UpdateBatch>,
    end: Option<Result<(), KvError>>,
}

struct Unopened {
    watcher: Arc<dyn KvWatcher>,
    prefixes: Vec<String>,
    cursor: WatchCursor,
}

impl Watch {
    pub(super) fn open(
        watcher: Arc<dyn KvWatcher>,
        prefixes: &[&str],
        cursor: &WatchCursor,
        store: &str,
    ) -> Result<Self, KvError> {
        let source = watcher.source(prefixes, cursor).transpose()?;
        let unopened = source.is_none().then(|| Unopened {
            watcher,
            prefixes: prefixes.iter().map(|&p| p.to_owned()).collect(),
            cursor: cursor.clone(),
        });
        let inner = Inner {
            store: store.to_owned(),
            generation: fork::generation(),
            reader: AsyncMutex::new(Reader { source, unopened, ahead: VecDeque::new(), end: None }),
            read: AtomicBool::new(false),
            stage: signal::Sender::new(Stage::Reading),
            delivered: Mutex::new(cursor.clone()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The next updates, at least one; nothing once the watch has ended. Waits for them without a
    /// deadline. Dropping the future loses no update.
    pub async fn next_batch(&self, limit: BatchLimit) -> Result<Option<UpdateBatch>, Failure> {
        self.check_process("watch")?;
        if self.inner.read.swap(true, Ordering::Acquire) {
            let error = "this watch is being read already; open one watch for each reader";
            return Err(self.failure(KvError::OperationFailed(error.into()), "watch"));
        }
        let _reading = Reading(&self.inner.read);
        let batch = tokio::select! {
            biased;
            () = self.closed() => {
                // `close` could not free the source while it was being read here.
                self.free();
                Ok(None)
            }
            batch = self.read(limit) => batch,
        };
        batch.map_err(|error| self.failure(error, "watch"))
    }

    /// Waits until the first state is complete (S3): every update of it has been read, or waits in
    /// memory to be read next. With a cursor: until the watch has caught up with the store.
    pub async fn synced(&self) -> Result<(), Failure> {
        self.check_process("synced")?;
        let mut stage = self.inner.stage.subscribe();
        loop {
            match *stage.borrow_and_update() {
                Stage::Synced => return Ok(()),
                Stage::Closed => {
                    let error = "the watch was closed before its first state was complete";
                    return Err(self.failure(KvError::WatchError(error.into()), "synced"));
                }
                Stage::Reading => {}
            }
            let outcome = tokio::select! {
                biased;
                _ = stage.changed() => continue,
                outcome = self.read_ahead() => outcome,
            };
            if outcome.map_err(|error| self.failure(error, "synced"))? {
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
        *self.inner.stage.borrow() == Stage::Synced
    }

    /// The position after the batches that were handed out (S4): what to resume from once all of
    /// their updates are handled.
    pub fn cursor(&self) -> WatchCursor {
        self.inner.delivered.lock().clone()
    }

    /// Ends the watch and frees what is behind it (S9). A reader that waits is told the end.
    pub fn close(&self) {
        self.inner.stage.send_replace(Stage::Closed);
        self.free();
    }

    fn free(&self) {
        if let Ok(mut reader) = self.inner.reader.try_lock() {
            reader.finish(Ok(()));
            reader.ahead.clear();
        }
    }

    async fn closed(&self) {
        let mut stage = self.inner.stage.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = stage.wait_for(|stage| *stage == Stage::Closed).await;
    }

    async fn read(&self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        let mut reader = self.inner.reader.lock().await;
        loop {
            let batch = match reader.ahead.pop_front() {
                Some(batch) => batch,
                None => match reader.next(limit).await? {
                    Some(batch) => batch,
                    None => return Ok(None),
                },
            };
            self.mark(&batch);
            *self.inner.delivered.lock() = batch.frontier().clone();
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
        }
    }

    /// Reads one batch to be delivered later; whether the watch has ended.
    async fn read_ahead(&self) -> Result<bool, KvError> {
        let mut reader = self.inner.reader.lock().await;
        if reader.source.as_ref().is_some_and(|source| !source.marks_synced())
            || reader.unopened.is_some()
        {
            let error = "this store does not say when the first state is complete";
            return Err(KvError::OperationFailed(error.into()));
        }
        let Some(batch) = reader.next(BatchLimit::default()).await? else { return Ok(true) };
        self.mark(&batch);
        reader.ahead.push_back(batch);
        Ok(false)
    }

    fn mark(&self, batch: &UpdateBatch) {
        if batch.is_synced() {
            self.inner.stage.send_if_modified(|stage| {
                let first = *stage == Stage::Reading;
                if first {
                    *stage = Stage::Synced;
                }
                first
            });
        }
    }

    fn failure(&self, error: KvError, operation: &'static str) -> Failure {
        Failure::new(error, operation).in_store(&self.inner.store).made_in(self.inner.generation)
    }

    fn check_process(&self, operation: &'static str) -> Result<(), Failure> {
        if self.inner.generation == fork::generation() {
            return Ok(());
        }
        Err(self.failure(KvError::NotConnected, operation))
    }
}

impl Reader {
    async fn next(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        if let Some(end) = &self.end {
            return end.clone().map(|()| None);
        }
        if let Some(Unopened { watcher, prefixes, cursor }) = self.unopened.take() {
            let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
            self.source = Some(Box::new(ChannelWatch::start(watcher, &prefixes, &cursor)));
        }
        let Some(source) = &mut self.source else { return Ok(None) };
        match source.next_batch(limit).await {
            Ok(Some(batch)) => Ok(Some(batch)),
            Ok(None) => {
                self.finish(Ok(()));
                Ok(None)
            }
            Err(error) => {
                self.finish(Err(error.clone()));
                Err(error)
            }
        }
    }

    fn finish(&mut self, end: Result<(), KvError>) {
        self.source = None;
        self.unopened = None;
        self.end.get_or_insert(end);
    }
}

/// Ends a turn of reading, also when its future is dropped.
struct Reading<'a>(&'a AtomicBool);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("store", &self.inner.store).finish_non_exhaustive()
    }
}
