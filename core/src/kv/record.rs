//! An entry of a store: by itself, and with everything that the store knows of it.

use super::VersionToken;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One key with its value and the version of its last write.
#[derive(Debug, Clone)]
pub struct KvEntry {
    /// The key (contract rule K1).
    pub key: String,
    /// The value; empty in a tombstone, which only `entry` shows (R3).
    pub value: Vec<u8>,
    /// The version to pass to `update` and `delete_with_version`.
    pub version: VersionToken,
}

/// The last record of a key: an entry and what the fixed form of [`KvEntry`] leaves out.
///
/// ```
/// use slipstream::kv::{KvRecord, VersionToken};
/// let record = KvRecord::live("node.a", b"10.0.0.1", VersionToken::from_u64(7));
/// assert!(!record.deleted && record.expires_at.is_none());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KvRecord {
    /// The key (contract rules K1, K4).
    pub key: String,
    /// The value; empty in a tombstone.
    pub value: Vec<u8>,
    /// The version to pass to `update` and `delete_with_version`.
    pub version: VersionToken,
    /// True for a tombstone, which a deletion left and only `entry` shows (R3).
    pub deleted: bool,
    /// When its time to live ends, by the clock of the store (R6); nothing if it has none.
    pub expires_at: Option<SystemTime>,
}

impl KvRecord {
    /// A live entry without an end.
    pub fn live(key: &str, value: &[u8], version: VersionToken) -> Self {
        Self::from(KvEntry { key: key.to_owned(), value: value.to_vec(), version })
    }

    /// The same record as a tombstone.
    pub fn into_tombstone(self) -> Self {
        Self { value: Vec::new(), deleted: true, ..self }
    }

    /// The same record with an end, in milliseconds since 1970; 0 is none.
    pub fn ending_at(self, millis: u64) -> Self {
        Self { expires_at: moment(millis), ..self }
    }
}

/// A moment in milliseconds since 1970, where 0 is none.
pub(super) fn moment(millis: u64) -> Option<SystemTime> {
    let since = Some(millis).filter(|&millis| millis != 0).map(Duration::from_millis);
    UNIX_EPOCH.checked_add(since?)
}

impl From<KvEntry> for KvRecord {
    /// An entry of which nothing else is known: it is live.
    fn from(entry: KvEntry) -> Self {
        let KvEntry { key, value, version } = entry;
        Self { key, value, version, deleted: false, expires_at: None }
    }
}

impl From<KvRecord> for KvEntry {
    fn from(record: KvRecord) -> Self {
        let KvRecord { key, value, version, .. } = record;
        Self { key, value, version }
    }
}

/// A live entry that was found without waiting, whose value is in a buffer of the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KvFound {
    /// The version of the entry.
    pub version: VersionToken,
    /// When its time to live ends (R6).
    pub expires_at: Option<SystemTime>,
}

impl KvFound {
    /// An entry that ends at `millis` since 1970; 0 is never.
    pub fn new(version: VersionToken, millis: u64) -> Self {
        Self { version, expires_at: moment(millis) }
    }

    /// The entry with its key and value.
    pub fn into_record(self, key: String, value: Vec<u8>) -> KvRecord {
        let Self { version, expires_at } = self;
        KvRecord { key, value, version, deleted: false, expires_at }
    }
}
