//! The record of one update of a watch.

use slipstream::kv::{self, PurgeReason, UpdateRef, WatchCursor};

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum UpdateKind {
    /// The key has a new value.
    Put,
    /// The key was deleted.
    Delete,
    /// The key was purged.
    Purged,
    /// The key's time to live ended.
    Expired,
    /// The key is gone with its history, and the store does not say why.
    Removed,
}

/// One update of a watch.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Update {
    /// What happened.
    pub kind: UpdateKind,
    /// The key it happened to.
    pub key: String,
    /// The new value; empty unless this is a put.
    pub value: Vec<u8>,
    /// The version of the change, as opaque bytes (rule V3).
    pub version: Vec<u8>,
    /// The position after this update, as bytes to save once it is handled (rule S4).
    pub cursor: Vec<u8>,
}

impl Update {
    pub(crate) fn new(update: UpdateRef<'_>, cursor: WatchCursor) -> Self {
        Self {
            kind: match update.kind {
                kv::UpdateKind::Put => UpdateKind::Put,
                kv::UpdateKind::Delete => UpdateKind::Delete,
                kv::UpdateKind::Purge(PurgeReason::Purged) => UpdateKind::Purged,
                kv::UpdateKind::Purge(PurgeReason::Expired) => UpdateKind::Expired,
                kv::UpdateKind::Purge(_) => UpdateKind::Removed,
            },
            key: update.key.to_owned(),
            value: update.value.to_vec(),
            version: update.version.as_bytes().to_vec(),
            cursor: cursor.to_bytes(),
        }
    }
}
