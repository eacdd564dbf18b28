//! The two files of a store: its data, and LMDB's lock file beside it.
//!
//! `filesystem.rs` says whether a path can hold a store, `opening.rs` opens or makes both files,
//! `lock_file.rs` knows those of LMDB, `space.rs` takes room on the disk, `identity.rs` tells files
//! apart. `guard.rs` keeps everybody else from opening the two otherwise. This room knows no LMDB.

pub(super) mod filesystem;
pub(super) mod guard;
pub(super) mod identity;
mod lock_file;
mod opening;
pub(super) mod space;
