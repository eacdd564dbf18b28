//! A watch as a scenario reads it: item by item, each checked against what holds for every watch.

use crate::answer::Trouble;
use slipstream::handle::{Selection, Watch};
use slipstream::kv::{BatchLimit, PurgeReason, UpdateBatch, UpdateKind};
use slipstream::{KvUpdate, VersionToken};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most that one read of something that must come may take, unless a step says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long `quiet` waits for what must not come.
const QUIET: Duration = Duration::from_millis(150);

/// An open watch, or why it could not be opened.
pub struct Watching {
    watch: Result<Watch, Trouble>,
    selection: Selection,
    batch: UpdateBatch,
    taken: usize,
    last: Option<VersionToken>,
    state: BTreeMap<String, Vec<u8>>,
}

impl Watching {
    /// Takes a watch that was just opened.
    pub fn new(watch: Result<Watch, Trouble>, selection: Selection) -> Self {
        Self {
            watch,
            selection,
            batch: UpdateBatch::default(),
            taken: 0,
            last: None,
            state: BTreeMap::new(),
        }
    }

    /// Where to resume once every update that was read is handled.
    pub fn cursor(&self) -> Result<Vec<u8>, String> {
        let watch = self.watch.as_ref().map_err(Trouble::to_string)?;
        let cursor = match self.taken.checked_sub(1) {
            Some(read) if self.taken < self.batch.len() => self.batch.cursor_after(read),
            _ => watch.cursor(),
        };
        Ok(cursor.to_bytes())
    }

    /// The fold of every update that was read.
    pub fn state(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.state
    }

    /// Why the key of the last update that was read is gone, if it is.
    pub fn reason(&self) -> Option<PurgeReason> {
        match self.batch.get(self.taken.checked_sub(1)?)?.kind {
            UpdateKind::Purge(reason) => Some(reason),
            UpdateKind::Put | UpdateKind::Delete => None,
        }
    }

    /// What it was asked for.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The next update, which must come.
    pub async fn update(&mut self, limit: Duration) -> Result<KvUpdate, String> {
        match tokio::time::timeout(limit, self.next()).await {
            Ok(Ok(Some(update))) => self.check(update),
            Ok(Ok(None)) => Err("the watch ended".into()),
            Ok(Err(trouble)) => Err(format!("the watch ended with {trouble:?}")),
            Err(_) => Err(format!("no update came within {limit:?}")),
        }
    }

    /// How the watch ends, which must be next, or come `after_updates`.
    pub async fn end(
        &mut self,
        after_updates: bool,
        limit: Duration,
    ) -> Result<Result<(), Trouble>, String> {
        loop {
            match tokio::time::timeout(limit, self.next()).await {
                Ok(Ok(Some(update))) if after_updates => {
                    self.check(update)?;
                }
                Ok(Ok(Some(update))) => return Err(format!("got {update:?} instead of the end")),
                Ok(Ok(None)) => return Ok(Ok(())),
                Ok(Err(trouble)) => return Ok(Err(trouble)),
                Err(_) => return Err(format!("did not end within {limit:?}")),
            }
        }
    }

    /// Waits a little for nothing to come.
    pub async fn quiet(&mut self) -> Result<(), String> {
        match tokio::time::timeout(QUIET, self.next()).await {
            Err(_) => Ok(()),
            Ok(Ok(Some(update))) => Err(format!("got {update:?} instead of nothing")),
            Ok(other) => Err(format!("the watch ended: {other:?}")),
        }
    }

    /// Waits for the first state to be complete.
    pub async fn synced(&self) -> Result<(), String> {
        let watch = self.watch.as_ref().map_err(Trouble::to_string)?;
        match tokio::time::timeout(PATIENCE, watch.synced()).await {
            Ok(synced) => synced.map_err(|trouble| trouble.to_string())?,
            Err(_) => return Err(format!("not synced within {PATIENCE:?}")),
        }
        if watch.is_synced() { Ok(()) } else { Err("synced, but is_synced is false".into()) }
    }

    /// Closes the watch.
    pub async fn close(&self) -> Result<(), String> {
        let watch = self.watch.as_ref().map_err(Trouble::to_string)?;
        watch.close().await.map_err(|failure| failure.to_string())
    }

    async fn next(&mut self) -> Result<Option<KvUpdate>, Trouble> {
        if self.taken == self.batch.len() {
            let watch = self.watch.as_ref().map_err(Trouble::clone)?;
            let Some(batch) = watch.next_batch(BatchLimit::default()).await? else {
                return Ok(None);
            };
            self.batch = batch;
            self.taken = 0;
        }
        let update = self.batch.get(self.taken).map(|update| update.to_update());
        self.taken += 1;
        Ok(update)
    }

    /// What holds for every update of every watch: it is one of the keys asked for (S6), and newer
    /// than all before it (S2).
    fn check(&mut self, update: KvUpdate) -> Result<KvUpdate, String> {
        let version = update.version().clone();
        if !selects(&self.selection, update.key()) {
            return Err(format!("{update:?} is none of {:?}", self.selection));
        }
        if self.last.as_ref().is_some_and(|last| last.as_bytes() >= version.as_bytes()) {
            return Err(format!("{update:?} came after {:?}", self.last));
        }
        self.last = Some(version);
        match &update {
            KvUpdate::Put(entry) => {
                self.state.insert(entry.key.clone(), entry.value.clone());
            }
            KvUpdate::Delete { key, .. } | KvUpdate::Purge { key, .. } => {
                self.state.remove(key);
            }
        }
        Ok(update)
    }
}

/// Whether a key is one of those that a watch was asked for.
pub fn selects(selection: &Selection, key: &str) -> bool {
    match selection {
        Selection::These { prefixes, keys } => {
            prefixes.iter().any(|prefix| key.starts_with(prefix)) || keys.iter().any(|it| it == key)
        }
        _ => *selection == Selection::Everything,
    }
}
