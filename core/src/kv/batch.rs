//! Updates of a watch: one, and a batch of them, packed to cross a language boundary in one piece.

use super::record::moment;
use super::{KvEntry, KvRecord, VersionToken, WatchCursor};
use std::time::SystemTime;

/// One change that a watch delivers.
#[derive(Debug, Clone)]
pub enum KvUpdate {
    /// The key has a new value.
    Put(KvEntry),
    /// The key was deleted.
    Delete {
        /// The key that was deleted.
        key: String,
        /// The version of the deletion.
        version: VersionToken,
    },
    /// The key was purged with its history, or its time to live ended.
    Purge {
        /// The key that is gone.
        key: String,
        /// The version of the removal.
        version: VersionToken,
    },
}

impl KvUpdate {
    /// The key that changed.
    pub fn key(&self) -> &str {
        match self {
            Self::Put(entry) => &entry.key,
            Self::Delete { key, .. } | Self::Purge { key, .. } => key,
        }
    }

    /// The version of the change.
    pub fn version(&self) -> &VersionToken {
        match self {
            Self::Put(entry) => &entry.version,
            Self::Delete { version, .. } | Self::Purge { version, .. } => version,
        }
    }
}

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    /// The key has a new value.
    Put,
    /// The key was deleted.
    Delete,
    /// The key is gone with its history, for this reason.
    Purge(PurgeReason),
}

/// Why a key is gone (contract rule W5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PurgeReason {
    /// Somebody purged it.
    Purged,
    /// Its time to live ended.
    Expired,
    /// The store does not say.
    Unknown,
}

/// One update inside an [`UpdateBatch`], borrowed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct UpdateRef<'a> {
    /// What happened.
    pub kind: UpdateKind,
    /// The key it happened to.
    pub key: &'a str,
    /// The new value; empty unless this is a put.
    pub value: &'a [u8],
    /// The version of the change.
    pub version: &'a VersionToken,
    /// When the value's time to live ends (R6); nothing if it has none.
    pub expires_at: Option<SystemTime>,
}

/// Updates of a watch, packed: one buffer of keys, one of values, and a row of offsets each.
///
/// A batch crosses a language boundary in one piece, and items are made from it one by one as
/// they are read; an update costs no allocation until then.
#[derive(Debug, Clone, Default)]
pub struct UpdateBatch {
    keys: String,
    values: Vec<u8>,
    rows: Vec<Row>,
    synced: bool,
    frontier: WatchCursor,
    /// The position before the first update.
    start: WatchCursor,
}

#[derive(Debug, Clone)]
struct Row {
    key_end: usize,
    value_end: usize,
    kind: UpdateKind,
    version: VersionToken,
    /// When the value ends, in milliseconds since 1970; 0 is never.
    end: u64,
}

impl UpdateBatch {
    /// Adds an update at the end.
    pub fn push(&mut self, kind: UpdateKind, key: &str, value: &[u8], version: VersionToken) {
        self.keys.push_str(key);
        if kind == UpdateKind::Put {
            self.values.extend_from_slice(value);
        }
        let (key_end, value_end) = (self.keys.len(), self.values.len());
        self.rows.push(Row { key_end, value_end, kind, version, end: 0 });
    }

    /// Says when the value of the last update ends, in milliseconds since 1970; 0 is never.
    pub fn end_last_at(&mut self, millis: u64) {
        if let Some(row) = self.rows.last_mut() {
            row.end = millis;
        }
    }

    /// Adds an update of a store whose records carry no marks of ours: there an empty put is a
    /// deletion (R2).
    pub fn push_update(&mut self, update: &KvUpdate) {
        match update {
            KvUpdate::Put(entry) if entry.value.is_empty() => {
                self.push(UpdateKind::Delete, &entry.key, &[], entry.version.clone());
            }
            KvUpdate::Put(entry) => {
                self.push(UpdateKind::Put, &entry.key, &entry.value, entry.version.clone());
            }
            KvUpdate::Delete { key, version } => {
                self.push(UpdateKind::Delete, key, &[], version.clone());
            }
            KvUpdate::Purge { key, version } => {
                self.push(UpdateKind::Purge(PurgeReason::Unknown), key, &[], version.clone());
            }
        }
    }

    /// How many updates there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none. An empty batch still carries the mark and the position.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The size of keys and values together, in bytes.
    pub fn bytes(&self) -> usize {
        self.keys.len() + self.values.len()
    }

    /// The update at `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<UpdateRef<'_>> {
        let row = self.rows.get(index)?;
        let (key_start, value_start) = match index.checked_sub(1).map(|i| &self.rows[i]) {
            Some(before) => (before.key_end, before.value_end),
            None => (0, 0),
        };
        Some(UpdateRef {
            kind: row.kind,
            key: &self.keys[key_start..row.key_end],
            value: &self.values[value_start..row.value_end],
            version: &row.version,
            expires_at: moment(row.end),
        })
    }

    /// The updates in order.
    pub fn iter(&self) -> impl Iterator<Item = UpdateRef<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The updates as the traits hand them out.
    pub fn into_updates(self) -> impl Iterator<Item = KvUpdate> {
        (0..self.len()).filter_map(move |index| self.get(index).map(UpdateRef::to_update))
    }

    /// Whether the first state is complete at the end of this batch (contract rule S3).
    pub fn is_synced(&self) -> bool {
        self.synced
    }

    /// Marks the first state as complete at the end of this batch.
    pub fn set_synced(&mut self) {
        self.synced = true;
    }

    /// The position after this whole batch. It may be past the last update, where updates of
    /// other keys were passed over.
    pub fn frontier(&self) -> &WatchCursor {
        &self.frontier
    }

    /// Sets the position after this batch.
    pub fn set_frontier(&mut self, frontier: WatchCursor) {
        self.frontier = frontier;
    }

    /// Says from which position the batch was read, and binds its positions to the store (V4).
    pub(crate) fn follow(&mut self, start: &WatchCursor) {
        self.frontier = std::mem::take(&mut self.frontier).after(start);
        self.start = start.clone();
    }

    /// The position right after the update at `index`: what to resume from once that update is
    /// handled (S4).
    pub fn cursor_after(&self, index: usize) -> WatchCursor {
        match self.rows.get(index) {
            Some(row) if index + 1 < self.rows.len() => {
                self.frontier.moved_to(row.version.clone(), &self.start)
            }
            _ => self.frontier.clone(),
        }
    }
}

impl UpdateRef<'_> {
    /// The record that this update left; a tombstone where the key is gone.
    pub(crate) fn to_record(self) -> KvRecord {
        let record = KvRecord::live(self.key, self.value, self.version.clone());
        match self.kind {
            UpdateKind::Put => KvRecord { expires_at: self.expires_at, ..record },
            UpdateKind::Delete | UpdateKind::Purge(_) => record.into_tombstone(),
        }
    }

    /// This update as the traits hand it out.
    pub fn to_update(self) -> KvUpdate {
        let (key, version) = (self.key.to_owned(), self.version.clone());
        match self.kind {
            UpdateKind::Put => KvUpdate::Put(KvEntry { key, value: self.value.to_vec(), version }),
            UpdateKind::Delete => KvUpdate::Delete { key, version },
            UpdateKind::Purge(_) => KvUpdate::Purge { key, version },
        }
    }
}
