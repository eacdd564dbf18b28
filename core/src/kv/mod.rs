//! The contract as Rust traits and values: what every store offers, whatever is behind it.

mod batch;
mod cursor;
mod duration;
mod error;
mod footprint;
mod format;
pub mod key;
mod read;
mod reader;
mod record;
mod version;
mod watcher;
mod write;
mod writer;

pub use batch::{KvUpdate, PurgeReason, UpdateBatch, UpdateKind, UpdateRef};
pub use cursor::WatchCursor;
pub use duration::MAX_DURATION;
pub(crate) use duration::check_duration;
pub use error::KvError;
pub use footprint::{Footprint, Gone};
pub(crate) use format::Format;
pub(crate) use read::ReadStore;
pub use reader::KvReader;
pub use record::{KvEntry, KvFound, KvRecord};
pub use version::VersionToken;
pub(crate) use watcher::OpenWatch;
pub use watcher::{BatchLimit, ChannelWatch, KvWatcher, WatchSource};
pub(crate) use write::{Action, Condition, Write, WriteStore, Written};
pub use writer::{KvPurge, KvTtl, KvWriter};
