//! What differs between operating systems.
//!
//! `clock.rs` tells the time. For the file engine, `notices.rs` tells of writes to a file, `disk.rs`
//! reserves room for one, `network.rs` knows network file systems, and `range_lock.rs` locks bytes.
//! No other room asks which system this is. This room imports nothing of the crate.

pub(crate) mod clock;
#[cfg(feature = "file")]
pub(crate) mod disk;
#[cfg(feature = "file")]
pub(crate) mod network;
#[cfg(feature = "file")]
pub(crate) mod notices;
#[cfg(feature = "file")]
pub(crate) mod range_lock;

#[cfg(all(feature = "file", not(unix)))]
compile_error!("the feature `file` needs Unix: owners, links and locks of files; leave it out");
