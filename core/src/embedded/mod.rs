//! The embedded store: one set of rules over a small ordered-map engine, in memory or in a file.
//!
//! `rules.rs` performs writes and `watch.rs` reads the log, or by a `search.rs` what it has of a few keys; `memory.rs` and `file/` are engines, which
//! only keep tables. `database.rs` is an engine with its open stores and threads. Connections share
//! it, each through a `link.rs`. This room imports `kv`, `backend`, `lifecycle` and `platform`.

mod alarm;
mod backend;
mod connection;
mod database;
mod engine;
#[cfg(feature = "file")]
mod file;
mod info;
mod link;
mod memory;
mod meta;
mod record;
mod rules;
mod search;
mod store;
mod watch;
mod worker;

#[cfg(feature = "file")]
pub(crate) use backend::FileBackend;
pub(crate) use backend::MemoryBackend;
pub use connection::EmbeddedConnection;
