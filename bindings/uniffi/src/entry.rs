//! The record of a key with its value and version.

use slipstream::kv::KvRecord;
use std::time::SystemTime;

/// A key with its value and version.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value; empty if this is a tombstone (rule R3).
    pub value: Vec<u8>,
    /// The version, as opaque bytes (rule V3).
    pub version: Vec<u8>,
    /// True for a tombstone, which a deletion left and only `entry` shows (rule R3).
    pub deleted: bool,
    /// When the time to live ends, by the clock of the store; nothing if it has none (rule R6).
    pub expires_at: Option<SystemTime>,
}

impl From<KvRecord> for Entry {
    fn from(record: KvRecord) -> Self {
        let KvRecord { key, value, version, deleted, expires_at, .. } = record;
        Self { key, value, version: version.as_bytes().to_vec(), deleted, expires_at }
    }
}
