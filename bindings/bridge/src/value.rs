//! What an operation answers, and how it ends.

use slipstream::StoreInfo;
use slipstream::handle::{Failure, Session, Store};
use slipstream::kv::{KvRecord, UpdateBatch, VersionToken};

/// What an operation answers.
#[derive(Debug)]
pub enum Value {
    /// Nothing, as `close` and `purge` do.
    Unit,
    /// A yes or no, as `delete` does.
    Bool(bool),
    /// The version of a write.
    Token(VersionToken),
    /// What `get` and `entry` found.
    Entry(Option<KvRecord>),
    /// What `get_many` found for each key.
    Found(Vec<Option<KvRecord>>),
    /// What `keys` and `stores` found.
    Keys(Vec<String>),
    /// What `scan` found.
    Entries(Vec<KvRecord>),
    /// What `info` tells.
    Info(Box<StoreInfo>),
    /// Updates of a watch; nothing once it has ended.
    Batch(Option<UpdateBatch>),
    /// A new session.
    Session(Session),
    /// A new store.
    Store(Store),
}

/// How an operation ended.
pub type Outcome<T = Value> = Result<T, Failure>;
