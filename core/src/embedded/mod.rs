//! The embedded store: one set of rules over a small ordered-map engine, in memory or in a file.
//!
//! `rules` is what a write means, `watch` what a watch is; an engine only keeps tables. A
//! `database` is an engine with its open stores and the thread that keeps them, shared by the
//! connections that are open on it.

mod alarm;
mod clock;
mod connection;
mod database;
mod engine;
mod file;
mod link;
mod memory;
mod meta;
mod record;
mod rules;
mod store;
mod watch;
mod worker;

pub use connection::EmbeddedConnection;
