//! One watchable key-value API over an embedded store and a NATS JetStream cluster.
//!
//! The traits in [`kv`] are the contract, [`Connection`] and [`KvStore`] the way to it, and
//! [`handle`] the same wrapped as plain objects, which the other languages are given.

pub mod cork;
pub mod embedded;
pub mod fork;
pub mod handle;
pub mod key;
pub mod kv;
mod lock;
pub mod nats;
mod store;

pub use embedded::EmbeddedConnection;
pub use kv::{
    KvEntry, KvError, KvPurge, KvReader, KvTtl, KvUpdate, KvWatcher, KvWriter, VersionToken,
    WatchCursor,
};
pub use nats::{NatsConnection, NatsConnectionBuilder, NatsConnectionConfig, NatsOptions};
pub use store::{
    Connection, ConnectionCapabilities, DiscardPolicy, KvStore, StorageType, StoreConfig,
};
