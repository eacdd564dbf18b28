use super::{KvEntry, KvUpdate, VersionToken, WatchCursor};

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    /// The key has a new value.
    Put,
    /// The key was deleted.
    Delete,
    /// The key was purged, or its time to live ended.
    Purge,
}

/// One update inside an [`UpdateBatch`], borrowed.
#[derive(Debug, Clone, Copy)]
pub struct UpdateRef<'a> {
    /// What happened.
    pub kind: UpdateKind,
    /// The key it happened to.
    pub key: &'a str,
    /// The new value; empty unless this is a put.
    pub value: &'a [u8],
    /// The version of the change.
    pub version: &'a VersionToken,
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
}

#[derive(Debug, Clone)]
struct Row {
    key_end: usize,
    value_end: usize,
    kind: UpdateKind,
    version: VersionToken,
}

impl UpdateBatch {
    /// Adds an update at the end.
    pub fn push(&mut self, kind: UpdateKind, key: &str, value: &[u8], version: VersionToken) {
        self.keys.push_str(key);
        if kind == UpdateKind::Put {
            self.values.extend_from_slice(value);
        }
        let (key_end, value_end) = (self.keys.len(), self.values.len());
        self.rows.push(Row { key_end, value_end, kind, version });
    }

    /// Adds an update as the traits hand it out. An empty put is a deletion (R2).
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
                self.push(UpdateKind::Purge, key, &[], version.clone());
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

    /// The position right after the update at `index`: what to resume from once that update is
    /// handled (S4).
    pub fn cursor_after(&self, index: usize) -> WatchCursor {
        match self.rows.get(index) {
            Some(row) if index + 1 < self.rows.len() => {
                let cursor = WatchCursor::from_version(row.version.clone());
                match self.frontier.incarnation() {
                    Some(incarnation) => cursor.with_incarnation(incarnation),
                    None => cursor,
                }
            }
            _ => self.frontier.clone(),
        }
    }
}

impl UpdateRef<'_> {
    /// This update as the traits hand it out.
    pub fn to_update(self) -> KvUpdate {
        let (key, version) = (self.key.to_owned(), self.version.clone());
        match self.kind {
            UpdateKind::Put => KvUpdate::Put(KvEntry { key, value: self.value.to_vec(), version }),
            UpdateKind::Delete => KvUpdate::Delete { key, version },
            UpdateKind::Purge => KvUpdate::Purge { key, version },
        }
    }
}
