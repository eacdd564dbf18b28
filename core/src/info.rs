//! What a store says of itself: how much it holds, and its limits as they are.

use crate::kv::VersionToken;
use crate::store::{DiscardPolicy, StorageType};
use std::time::Duration;

/// What a store is, at one moment (R7).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreInfo {
    /// How many live keys there are, as `keys` would list.
    pub keys: u64,
    /// How many removed keys there are of which a mark is still kept.
    pub marks: u64,
    /// The bytes that the store counts against its `max_bytes`.
    pub bytes: u64,
    /// The version of the last write.
    pub version: VersionToken,
    /// What tells this store from another one of the same name, where the backend knows it (V4): as
    /// a cursor carries it.
    pub incarnation: Option<u64>,
    /// Its limits, which are those it was made with unless somebody changed them since.
    pub limits: StoreLimits,
}

/// The limits of a store as they are (R7). `None` is unlimited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreLimits {
    /// Where the data is kept.
    pub storage: StorageType,
    /// Versions kept of each key.
    pub max_history: u32,
    /// How long an entry lives, unless it is written again.
    pub max_age: Option<Duration>,
    /// The size of all keys and values, in bytes.
    pub max_bytes: Option<u64>,
    /// Servers that keep a copy.
    pub num_replicas: usize,
    /// What a full store does.
    pub discard: DiscardPolicy,
    /// Whether entries can have a time to live.
    pub ttl: bool,
}
