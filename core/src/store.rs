//! Connections and the stores on them.

use crate::info::StoreInfo;
use crate::kv::key;
use crate::kv::{KvError, KvPurge, KvReader, KvTtl, KvWatcher, KvWriter, check_duration};
use async_trait::async_trait;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// A way to stores: an embedded file, memory, or a cluster.
#[async_trait]
pub trait Connection: Send + Sync {
    /// Connects. Calling it again on an open connection does nothing; after
    /// [`shutdown`](Self::shutdown) it connects anew (L1).
    async fn connect(&self) -> Result<(), KvError>;

    /// True if what it leads to is a server, which may come up later (L6).
    fn leads_to_server(&self) -> bool {
        false
    }

    /// Ends open watches, makes every handle answer `NotConnected` and leaves no socket, task or
    /// thread behind (L5). Twice is fine.
    async fn shutdown(&self) -> Result<(), KvError>;

    /// Whether the connection works right now.
    fn is_healthy(&self) -> bool;

    /// The store of this name, created with the defaults if missing (L2).
    async fn store(&self, name: &str) -> Result<Arc<dyn KvStore>, KvError> {
        self.store_with_config(StoreConfig { name: name.to_owned(), ..StoreConfig::default() })
            .await
    }

    /// The store of this configuration, created if missing; an existing one is opened as it is
    /// (L2).
    async fn store_with_config(&self, config: StoreConfig) -> Result<Arc<dyn KvStore>, KvError>;

    /// The names of the stores that there are, sorted (R7). `OperationFailed` unless the connection
    /// knows them.
    async fn stores(&self) -> Result<Vec<String>, KvError> {
        let error = "this connection cannot list its stores";
        Err(KvError::OperationFailed(error.into()))
    }

    /// Deletes the store of this name with all that is in it (R7): its watches end in `WatchError`,
    /// calls of its handles in `StoreNotFound`, and its cursors have expired, also once a store of
    /// this name is made anew. `StoreNotFound` if there is none; `OperationFailed` unless the
    /// connection can do that.
    async fn delete_store(&self, name: &str) -> Result<(), KvError> {
        let error = format!("this connection cannot delete the store {name:?}");
        Err(KvError::OperationFailed(error))
    }

    /// What stores on this connection can do.
    fn capabilities(&self) -> ConnectionCapabilities;

    /// How long opening, listing and deleting a store take at most, before this connection ends it
    /// in `Timeout` (L3). `None` if there is no limit, as is the default; the handles set one then.
    fn time_limit(&self) -> Option<Duration> {
        None
    }
}

/// One store (a bucket): a reader, and what else it offers.
#[async_trait]
pub trait KvStore: Send + Sync {
    /// The store's name.
    fn name(&self) -> &str;

    /// Reads.
    fn reader(&self) -> Arc<dyn KvReader>;

    /// Watches, if the store has them.
    fn watcher(&self) -> Option<Arc<dyn KvWatcher>> {
        None
    }

    /// Writes, if the store has them.
    fn writer(&self) -> Option<Arc<dyn KvWriter>> {
        None
    }

    /// Writes with a time to live, if the store has them.
    fn ttl_writer(&self) -> Option<Arc<dyn KvTtl>> {
        None
    }

    /// Purges, if the store has them.
    fn purge_writer(&self) -> Option<Arc<dyn KvPurge>> {
        None
    }

    /// How much the store holds, and its limits as they are (R7). `OperationFailed` unless the store
    /// knows.
    async fn info(&self) -> Result<StoreInfo, KvError> {
        let error = format!("the store {:?} does not tell what it is", self.name());
        Err(KvError::OperationFailed(error))
    }

    /// How long a read or write takes at most, before this store ends it in `Timeout` (L3). `None`
    /// if there is no limit, as is the default; the handles set one then.
    fn time_limit(&self) -> Option<Duration> {
        None
    }
}

/// How a store is made. `None` is unlimited, and one for history and replicas (L2).
#[derive(Debug, Clone, Default)]
pub struct StoreConfig {
    /// 1 to 64 of `A-Z a-z 0-9 - _` (K3).
    pub name: String,
    /// Where the data is kept.
    pub storage: StorageType,
    /// Versions kept of each key, 1 to 64.
    pub max_history: Option<u32>,
    /// How long an entry lives, unless it is written again; at most
    /// [`MAX_DURATION`](crate::kv::MAX_DURATION).
    pub max_age: Option<Duration>,
    /// The size of all keys and values, in bytes.
    pub max_bytes: Option<i64>,
    /// Servers that keep a copy, 1 to 5.
    pub num_replicas: Option<usize>,
    /// What a full store does.
    pub discard: DiscardPolicy,
    /// What opening a store does that is not there.
    pub if_missing: IfMissing,
}

impl StoreConfig {
    /// Checks every field, before anything is created (L2).
    pub fn check(&self) -> Result<(), KvError> {
        key::check_name(&self.name)?;
        let refuse = |field: &str, value: &dyn std::fmt::Display, rule: &str| {
            Err(KvError::InvalidArgument(format!("store {:?}: {field} {value} {rule}", self.name)))
        };
        if let Some(age) = self.max_age {
            check_duration(&format!("store {:?}: max_age", self.name), age)?;
        }
        match self {
            Self { max_history: Some(n), .. } if !(1..=64).contains(n) => {
                refuse("max_history", n, "is not from 1 to 64")
            }
            Self { max_bytes: Some(n), .. } if *n <= 0 => {
                refuse("max_bytes", n, "is not above 0; leave it out for no limit")
            }
            Self { num_replicas: Some(n), .. } if !(1..=5).contains(n) => {
                refuse("num_replicas", n, "is not from 1 to 5")
            }
            _ => Ok(()),
        }
    }
}

/// Where a store's data is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageType {
    /// In memory.
    Memory,
    /// On disk.
    #[default]
    Persistent,
}

/// What opening a store does that is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IfMissing {
    /// It makes the store (L2).
    #[default]
    Create,
    /// It makes nothing, and answers `StoreNotFound` (R7).
    Refuse,
}

/// What a full store does with a new write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiscardPolicy {
    /// It refuses the write.
    #[default]
    New,
    /// It removes its oldest entries.
    Old,
}

impl StorageType {
    /// The word for it, as options give it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Persistent => "persistent",
        }
    }
}

impl DiscardPolicy {
    /// The word for it, as options give it.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
        }
    }
}

impl FromStr for StorageType {
    type Err = KvError;

    fn from_str(text: &str) -> Result<Self, KvError> {
        match text {
            "memory" => Ok(Self::Memory),
            "persistent" => Ok(Self::Persistent),
            _ => Err(unknown_word("storage", text, "\"memory\" or \"persistent\"")),
        }
    }
}

impl FromStr for DiscardPolicy {
    type Err = KvError;

    fn from_str(text: &str) -> Result<Self, KvError> {
        match text {
            "new" => Ok(Self::New),
            "old" => Ok(Self::Old),
            _ => Err(unknown_word("discard", text, "\"new\" or \"old\"")),
        }
    }
}

fn unknown_word(field: &str, text: &str, known: &str) -> KvError {
    KvError::InvalidArgument(format!("{field} {text:?} is not known; use {known}"))
}

/// What the stores of a connection can do. What is absent fails with a clear error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionCapabilities {
    /// Watches deliver changes as they happen.
    pub streaming_watch: bool,
    /// Watches can be limited to prefixes.
    pub prefix_watch: bool,
    /// Entries can have a time to live.
    pub ttl: bool,
    /// Keys can be purged.
    pub purge: bool,
    /// Writes can be made conditional on a version.
    pub cas: bool,
    /// Several keys can be written as one.
    pub transactions: bool,
    /// Versions order the writes of a whole store, not only those of one key.
    pub global_ordering: bool,
    /// The largest value, in bytes; 0 is no limit.
    pub max_value_size: usize,
}
