//! The phases of a watch, and what is known in each.

use super::event::{Intake, Want};
use super::gaps::{Doubt, Gaps};
use crate::kv::KvError;
use crate::nats::jetstream::consumer::{Delivery, Seen};
use std::time::Duration;
use tokio::time::Instant;

/// Where a watch stands.
pub(super) enum Phase {
    /// There is no consumer, and the next attempt to make one is due at this time.
    Resting {
        until: Instant,
    },
    /// There is no consumer, and one is made as soon as the connection is there.
    Connecting,
    /// A consumer is being made.
    Opening,
    /// There is a consumer.
    Attached(Box<Attached>),
    /// The watch ends with this error, which has not been told yet.
    Failing(KvError),
    Ended,
}

/// A watch that has a consumer.
pub(super) struct Attached {
    pub(super) made: Instant,
    /// The last version of the store when the consumer was made.
    pub(super) tip: u64,
    /// Present where gaps between the consumer's messages may hide removals.
    pub(super) gaps: Option<Gaps>,
    pub(super) activity: Activity,
}

/// What a watch does with its consumer.
pub(super) enum Activity {
    /// It hands out messages as they come. `idle` is the time since when it waits for the next one,
    /// however often that is given up.
    Reading { supply: Supply, idle: Option<Instant> },
    /// A message came after a gap that may hide removals. It is held back until the leader has
    /// confirmed that nothing is missing before it.
    CheckingGap { held: Delivery, doubt: Doubt, question: GapQuestion },
    /// Before the inquiry it makes sure that nothing after the frontier was removed unseen.
    Settling { before: Inquiry, question: SettleQuestion },
    /// The leader is asked whether it has more than was read. If not, the first state is complete.
    Confirming,
    /// The server is asked how far the watch is, where no message tells.
    Looking(LookQuestion),
    /// What follows the frontier was removed. Only a message that follows the frontier at once, and
    /// is here, is still known to be the next one.
    Overtaken,
}

/// What the consumer has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Supply {
    /// The consumer has more, or the leader knows of more.
    Coming,
    /// The consumer counts nothing more of the first state. Once no message is here, the leader is
    /// asked whether that was all.
    Spent,
}

/// What a watch finds out when no message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inquiry {
    /// Whether the first state is complete.
    Confirm,
    /// How far the watch is.
    Look,
}

/// The questions of a check of a gap, in their order.
pub(super) enum GapQuestion {
    TakenIn,
    /// Messages up to `certain`, by the consumer's number, came before the leader was asked.
    Stream {
        certain: u64,
    },
}

/// The questions before an inquiry, in their order: once the consumer has a request, it keeps nothing
/// more back, so that the stream is asked for after that.
pub(super) enum SettleQuestion {
    Consumer,
    Stream { seen: Seen },
}

/// The questions of a look, in their order.
pub(super) enum LookQuestion {
    Stream,
    Consumer {
        tip: u64,
    },
    /// `is_certain`: nothing after the frontier can have been removed unseen.
    Next {
        tip: u64,
        is_certain: bool,
    },
}

/// What a watch has handed out, whatever becomes of its consumers.
pub(super) struct Progress {
    /// The version of the last message that was seen, watched or not; at first the cursor's. While
    /// it is zero the watch starts with the whole state, however often it starts (D1, j7).
    pub(super) frontier: u64,
    /// When the last message was stored that was seen, in milliseconds since 1970 by the clock of
    /// the server; at first the cursor's time, 0 if it has none. What follows the frontier was
    /// stored later.
    pub(super) time: u64,
    /// The store that the frontier belongs to, where it is known.
    pub(super) incarnation: Option<u64>,
    pub(super) stage: Stage,
}

/// Which part of a watch is being handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The first state. The leader had more so many times when it was asked whether this is
    /// complete.
    Filling { confirmations: u32 },
    /// Changes after the first state.
    Live,
}

/// When a watch that nothing comes for looks whether its first state is complete, or whether
/// something is missing. What it waited for may have been removed.
const LOOK_WHEN_UNCERTAIN: Duration = Duration::from_secs(2);
/// When it moves its position on past changes of other keys, in a store that may evict those.
const LOOK_WHEN_EVICTING: Duration = Duration::from_secs(30);

impl Attached {
    /// What it waits for.
    pub(super) fn want(&self, progress: &Progress, intake: Intake) -> Want {
        match &self.activity {
            Activity::Reading { idle: None, .. } | Activity::Overtaken => Want::MessageHere,
            Activity::Reading { idle: Some(since), .. } => {
                Want::Message { until: self.looks_after(progress, intake).map(|it| *since + it) }
            }
            Activity::CheckingGap { question: GapQuestion::TakenIn, .. } => Want::TakenIn,
            Activity::Settling { question: SettleQuestion::Consumer, .. }
            | Activity::Looking(LookQuestion::Consumer { .. }) => Want::Consumer,
            Activity::CheckingGap { question: GapQuestion::Stream { .. }, .. }
            | Activity::Settling { question: SettleQuestion::Stream { .. }, .. }
            | Activity::Looking(LookQuestion::Stream) => Want::Stream,
            Activity::Confirming | Activity::Looking(LookQuestion::Next { .. }) => {
                Want::Next { after: progress.frontier }
            }
        }
    }

    /// True if something may be missing after the frontier, of which no message may ever tell.
    pub(super) fn is_uncertain(&self, progress: &Progress, intake: Intake) -> bool {
        let gaps = self.gaps.as_ref().filter(|_| progress.has_begun());
        gaps.is_some_and(|gaps| gaps.is_behind() || intake.may_lull)
    }

    fn looks_after(&self, progress: &Progress, intake: Intake) -> Option<Duration> {
        match progress.stage {
            Stage::Live if !self.is_uncertain(progress, intake) => {
                self.gaps.is_some().then_some(LOOK_WHEN_EVICTING)
            }
            Stage::Live | Stage::Filling { .. } => Some(LOOK_WHEN_UNCERTAIN),
        }
    }
}

impl Progress {
    /// True if there is a position after which something can be missing. A watch that starts with
    /// the whole state has none before its first message.
    pub(super) fn has_begun(&self) -> bool {
        self.frontier > 0 || self.stage == Stage::Live
    }

    pub(super) fn is_filling(&self) -> bool {
        matches!(self.stage, Stage::Filling { .. })
    }
}

impl Activity {
    /// Goes on with the messages.
    pub(super) fn reading(supply: Supply) -> Self {
        Self::Reading { supply, idle: None }
    }
}
