//! What every language binding shares: the runtime, operations, the completion queue, live-handle
//! counts and the conversion of arguments. It knows no language, and gives nothing a meaning.
//!
//! An operation is polled once where it starts. What is ready is answered at once; the rest is
//! polled on the bridge's own runtime, and its end told to the queue of the event loop that asked
//! (`docs/bridge.md` has the measurements behind this).

mod argument;
mod buffer;
mod drive;
mod executor;
mod job;
mod live;
mod lock;
mod operation;
mod queue;
mod refusal;
mod runtime;
mod target;
mod value;

pub use argument::{cursor, millis, seconds, store_config, token, whole};
pub use buffer::{Turn, WatchBuffer};
pub use drive::drive;
pub use live::{Counted, Kind, Live, live};
pub use lock::lock;
pub use operation::{Blocked, Operation, Unfinished};
pub use queue::CompletionQueue;
pub use refusal::{refused, refused_option};
pub use value::{Outcome, Value};
