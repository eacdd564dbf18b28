//! The engine in a file: LMDB, which several processes may have open at once.
//!
//! `open.rs` opens a file once in a process: it checks it (`files`, `verify`) before LMDB maps it.
//! `environment.rs` is LMDB itself, `tables.rs` its tables, `header.rs` the format of a file and
//! `recent.rs` what was read since the last commit. `engine.rs` puts them together with
//! `committer.rs`, which does several writes in one commit, and `doorbell.rs`, which hears of other
//! processes' commits. This room imports the engine's traits and the rules, and no store.

mod commit;
mod committer;
mod doorbell;
mod engine;
mod environment;
mod error;
mod files;
mod header;
mod limits;
mod open;
mod recent;
mod tables;
mod verify;

pub(super) use open::open;
