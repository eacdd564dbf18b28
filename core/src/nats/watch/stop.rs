//! Why a reader has nothing more.

use super::event::Event;
use crate::kv::KvError;
use crate::nats::jetstream::end::End;

/// Why reading stopped.
pub(super) enum Stop {
    End(End),
    Error(KvError),
}

impl From<End> for Stop {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<KvError> for Stop {
    fn from(error: KvError) -> Self {
        Self::Error(error)
    }
}

impl From<Stop> for Event {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::End(end) => Self::Lost(end),
            Stop::Error(error) => Self::Failed(error),
        }
    }
}
