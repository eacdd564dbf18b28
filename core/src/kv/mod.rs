//! The contract as Rust traits and values: what every store offers, whatever is behind it.

mod batch;
mod cursor;
mod duration;
mod entry;
mod error;
mod purge;
mod reader;
mod ttl;
mod version;
mod watcher;
mod writer;

pub use batch::{UpdateBatch, UpdateKind, UpdateRef};
pub use cursor::WatchCursor;
pub use duration::MAX_DURATION;
pub(crate) use duration::check_duration;
pub use entry::{KvEntry, KvUpdate};
pub use error::KvError;
pub use purge::KvPurge;
pub use reader::KvReader;
pub use ttl::KvTtl;
pub use version::VersionToken;
pub(crate) use watcher::OpenWatch;
pub use watcher::{BatchLimit, ChannelWatch, KvWatcher, WatchSource};
pub use writer::KvWriter;
