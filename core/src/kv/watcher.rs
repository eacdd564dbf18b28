//! The traits of watches, and the watch of a store that has only a channel.

use super::key::KeySet;
use super::{Footprint, Gone, KvError, KvUpdate, UpdateBatch, WatchCursor};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinHandle;

/// Watches (contract section S).
///
/// A watch method runs until the watch ends, so callers spawn it; dropping the receiver ends it.
/// A watch without a cursor delivers the current state first and then every change (S1).
#[async_trait]
pub trait KvWatcher: Send + Sync {
    /// Watches every key.
    async fn watch_all(&self, tx: Sender<KvUpdate>) -> Result<(), KvError>;

    /// Watches the keys with this prefix.
    async fn watch_prefix(&self, prefix: &str, tx: Sender<KvUpdate>) -> Result<(), KvError>;

    /// Watches the union of several prefixes, each update once (S6). No prefixes: ends at once.
    async fn watch_prefixes(&self, prefixes: &[&str], tx: Sender<KvUpdate>) -> Result<(), KvError>;

    /// Watches every key from a position on (S4). The default watches in full.
    async fn watch_all_from(
        &self,
        cursor: &WatchCursor,
        tx: Sender<KvUpdate>,
    ) -> Result<(), KvError> {
        let _ = cursor;
        self.watch_all(tx).await
    }

    /// Watches one prefix from a position on (S4). The default watches in full.
    async fn watch_prefix_from(
        &self,
        prefix: &str,
        cursor: &WatchCursor,
        tx: Sender<KvUpdate>,
    ) -> Result<(), KvError> {
        let _ = cursor;
        self.watch_prefix(prefix, tx).await
    }

    /// Watches several prefixes from a position on (S4). The default watches in full.
    async fn watch_prefixes_from(
        &self,
        prefixes: &[&str],
        cursor: &WatchCursor,
        tx: Sender<KvUpdate>,
    ) -> Result<(), KvError> {
        let _ = cursor;
        self.watch_prefixes(prefixes, tx).await
    }

    /// Opens a watch of a set of keys to be read in batches, with the mark that the first state is
    /// complete. A store that has none is read through a channel instead ([`ChannelWatch`]),
    /// without the mark.
    fn source(
        &self,
        keys: &KeySet,
        cursor: &WatchCursor,
    ) -> Option<Result<Box<dyn WatchSource>, KvError>> {
        let _ = (keys, cursor);
        None
    }
}

/// The most that one batch may hold.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimit {
    /// In updates.
    pub items: usize,
    /// In bytes of keys and values; the last update may go over it.
    pub bytes: usize,
}

impl Default for BatchLimit {
    fn default() -> Self {
        Self { items: 4096, bytes: 1 << 20 }
    }
}

/// A watch that is read in batches. It is pulled: a reader that stands still holds back its own
/// watch and nothing else (S8). Dropping it frees everything behind it (S9).
#[async_trait]
pub trait WatchSource: Send {
    /// Waits for updates or for the mark, whichever is first; `None` once the watch has ended.
    /// Dropping the future loses nothing.
    async fn next_batch(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError>;

    /// Whether this source ever marks the first state as complete.
    fn marks_synced(&self) -> bool {
        true
    }

    /// Tells, once this source was dropped, when nothing is left of what it kept elsewhere (S9).
    /// `None` if it keeps nothing, as is the default.
    fn gone(&self) -> Option<Gone> {
        None
    }
}

/// A store whose watches are read in batches. The methods that fill a channel follow from that.
pub(crate) trait OpenWatch: Send + Sync {
    type Watch: WatchSource + 'static;

    /// Opens a watch of a set of keys, from a position on or, from none, in full.
    fn open(&self, keys: &KeySet, cursor: &WatchCursor) -> Result<Self::Watch, KvError>;
}

#[async_trait]
impl<T: OpenWatch> KvWatcher for T {
    async fn watch_all(&self, tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes_from(&[""], &WatchCursor::none(), tx).await
    }

    async fn watch_prefix(&self, prefix: &str, tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes_from(&[prefix], &WatchCursor::none(), tx).await
    }

    async fn watch_prefixes(&self, prefixes: &[&str], tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes_from(prefixes, &WatchCursor::none(), tx).await
    }

    async fn watch_all_from(
        &self,
        cursor: &WatchCursor,
        tx: Sender<KvUpdate>,
    ) -> Result<(), KvError> {
        self.watch_prefixes_from(&[""], cursor, tx).await
    }

    async fn watch_prefix_from(
        &self,
        prefix: &str,
        cursor: &WatchCursor,
        tx: Sender<KvUpdate>,
    ) -> Result<(), KvError> {
        self.watch_prefixes_from(&[prefix], cursor, tx).await
    }

    async fn watch_prefixes_from(
        &self,
        prefixes: &[&str],
        cursor: &WatchCursor,
        tx: Sender<KvUpdate>,
    ) -> Result<(), KvError> {
        forward(self.open(&KeySet::of_prefixes(prefixes)?, cursor)?, tx).await
    }

    fn source(
        &self,
        keys: &KeySet,
        cursor: &WatchCursor,
    ) -> Option<Result<Box<dyn WatchSource>, KvError>> {
        Some(self.open(keys, cursor).map(|watch| Box::new(watch) as Box<dyn WatchSource>))
    }
}

/// Sends what a source hands out to the receiver of a watch method, until either ends.
async fn forward(mut source: impl WatchSource, tx: Sender<KvUpdate>) -> Result<(), KvError> {
    loop {
        // A receiver that is gone ends the watch, on an idle store too (S9).
        let batch = tokio::select! {
            biased;
            () = tx.closed() => return Ok(()),
            batch = source.next_batch(BatchLimit::default()) => batch?,
        };
        let Some(batch) = batch else { return Ok(()) };
        for update in batch.into_updates() {
            if tx.send(update).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// A watch of a store that implements only the required methods: its updates are taken from the
/// channel they are sent to. Such a store is asked for prefixes, and what else comes of them is
/// left out here. Needs a tokio runtime.
pub struct ChannelWatch {
    keys: KeySet,
    updates: mpsc::Receiver<KvUpdate>,
    task: Option<JoinHandle<Result<(), KvError>>>,
    frontier: WatchCursor,
    /// Of the task.
    gone: Gone,
}

impl ChannelWatch {
    /// Updates waiting to be read, at most.
    const CAPACITY: usize = 1024;

    /// Starts watching.
    pub fn start(watcher: Arc<dyn KvWatcher>, keys: KeySet, cursor: &WatchCursor) -> Self {
        let (tx, updates) = mpsc::channel(Self::CAPACITY);
        let prefixes: Vec<String> = keys.covering().into_iter().map(str::to_owned).collect();
        let frontier = cursor.clone();
        let from = cursor.clone();
        let footprint = Footprint::new();
        let gone = footprint.gone();
        let task = tokio::spawn(async move {
            let _footprint = footprint;
            let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
            if from.is_none() {
                watcher.watch_prefixes(&prefixes, tx).await
            } else {
                watcher.watch_prefixes_from(&prefixes, &from, tx).await
            }
        });
        Self { keys, updates, task: Some(task), frontier, gone }
    }
}

#[async_trait]
impl WatchSource for ChannelWatch {
    async fn next_batch(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        let Some(first) = self.updates.recv().await else {
            let Some(task) = &mut self.task else { return Ok(None) };
            let end = task.await;
            self.task = None;
            return match end {
                Ok(end) => end.map(|()| None),
                Err(error) => Err(KvError::WatchError(format!("the watch stopped: {error}"))),
            };
        };
        let mut batch = UpdateBatch::default();
        let mut next = Some(first);
        while let Some(update) = next {
            if self.keys.contains(update.key()) {
                batch.push_update(&update);
            }
            let full = batch.len() >= limit.items || batch.bytes() >= limit.bytes;
            next = if full { None } else { self.updates.try_recv().ok() };
            self.frontier = WatchCursor::from_version(update.version().clone());
        }
        batch.set_frontier(self.frontier.clone());
        Ok(Some(batch))
    }

    fn marks_synced(&self) -> bool {
        false
    }

    fn gone(&self) -> Option<Gone> {
        Some(self.gone.clone())
    }
}

impl Drop for ChannelWatch {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
