//! The records of what a store says of itself.

use std::time::Duration;

/// What a store is, at one moment (rule R7).
#[derive(Debug, Clone, uniffi::Record)]
pub struct StoreInfo {
    /// How many live keys there are, as `keys` would list.
    pub keys: u64,
    /// How many removed keys there are of which a mark is still kept.
    pub marks: u64,
    /// The bytes that the store counts against its `max_bytes`.
    pub bytes: u64,
    /// The version of the last write.
    pub version: Vec<u8>,
    /// What tells this store from another one of the same name, where the backend knows it.
    pub incarnation: Option<Vec<u8>>,
    /// Its limits, which are those it was made with unless somebody changed them since.
    pub limits: StoreLimits,
}

/// The limits of a store as they are (rule R7). What has none is unlimited.
#[derive(Debug, Clone, uniffi::Record)]
pub struct StoreLimits {
    /// Where the data is kept: "persistent" or "memory".
    pub storage: String,
    /// Versions kept of each key.
    pub max_history: u32,
    /// How long an entry lives unless it is written again.
    pub max_age: Option<Duration>,
    /// The size of all keys and values.
    pub max_bytes: Option<u64>,
    /// Servers that keep a copy.
    pub num_replicas: u32,
    /// What a full store does: "new" refuses the write, "old" evicts the oldest.
    pub discard: String,
    /// Whether entries can have a time to live.
    pub ttl: bool,
}

impl From<slipstream::StoreInfo> for StoreInfo {
    fn from(info: slipstream::StoreInfo) -> Self {
        Self {
            keys: info.keys,
            marks: info.marks,
            bytes: info.bytes,
            version: info.version.as_bytes().to_vec(),
            incarnation: info.incarnation.map(|it| it.to_be_bytes().to_vec()),
            limits: info.limits.into(),
        }
    }
}

impl From<slipstream::StoreLimits> for StoreLimits {
    fn from(limits: slipstream::StoreLimits) -> Self {
        Self {
            storage: limits.storage.word().to_owned(),
            max_history: limits.max_history,
            max_age: limits.max_age,
            max_bytes: limits.max_bytes,
            num_replicas: limits.num_replicas as u32,
            discard: limits.discard.word().to_owned(),
            ttl: limits.ttl,
        }
    }
}
