//! The interface that the Kotlin, Ruby and Swift packages are generated from: the handles of the
//! core as objects, and plain records for their answers. It gives nothing a meaning of its own.
//!
//! An operation runs on the bridge's runtime and is polled once where it starts. Each is there
//! twice: as an async method, and blocking, for a language or a thread that cannot wait otherwise.
//! Nothing here calls back into a program. What a user of a language sees is written in that
//! language on top of this.

// An error crosses as bytes: boxing it would only be one allocation more.
#![allow(clippy::result_large_err)]

mod blocking;
mod capabilities;
mod entry;
mod failure;
mod fork;
mod info;
mod live;
mod options;
mod session;
mod store;
mod update;
mod wait;
mod watch;

pub use blocking::connect_blocking;
pub use capabilities::ConnectionCapabilities;
pub use entry::Entry;
pub use failure::{Failure, KvError};
pub use fork::announce_forks;
pub use info::{StoreInfo, StoreLimits};
pub use live::{Live, live};
pub use options::{ConnectOptions, StoreOptions};
pub use session::{Session, connect};
pub use store::{Found, Store};
pub use update::{Update, UpdateKind};
pub use watch::Watch;

uniffi::setup_scaffolding!();

/// The version of the library, which the packages compare with their own.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
