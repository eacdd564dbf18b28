//! The machine of a watch: which phase follows on an event, and what is to be done then.
//!
//! It does nothing itself: it reads no clock, asks no server and holds no consumer. What happens
//! after a message or an answer is decided in `attached.rs`.

use super::event::{Effect, Event, Intake, Opened, Plan, Want};
use super::gaps::Clock;
use super::phase::{Activity, Attached, Inquiry, Phase, Progress, Stage, Supply};
use super::retry::Retry;
use crate::kv::{KvError, WatchCursor};
use crate::nats::jetstream::consumer::Start;
use crate::nats::jetstream::end::End;
use tokio::time::Instant;

/// A watch without its plumbing.
pub(super) struct Machine {
    phase: Phase,
    progress: Progress,
    retry: Retry,
}

impl Machine {
    /// A watch that starts after a cursor, or with the whole state where there is none.
    pub(super) fn new(cursor: &WatchCursor) -> Self {
        let progress = Progress {
            frontier: cursor.as_u64().unwrap_or(0),
            time: cursor.millis(),
            incarnation: cursor.incarnation(),
            stage: Stage::Filling { confirmations: 0 },
        };
        Self { phase: Phase::Connecting, progress, retry: Retry::default() }
    }

    /// What the watch waits for.
    pub(super) fn want(&self, intake: Intake) -> Want {
        match &self.phase {
            Phase::Resting { until } => Want::Time(*until),
            Phase::Connecting => Want::Connection,
            Phase::Opening => Want::Opening,
            Phase::Attached(attached) => attached.want(&self.progress, intake),
            Phase::Failing(_) | Phase::Ended => Want::End,
        }
    }

    /// Goes on after an event. `intake` is what the reader says of itself after the event.
    pub(super) fn on(&mut self, event: Event, intake: Intake, clock: Clock<'_>) -> Option<Effect> {
        match (&mut self.phase, event) {
            (Phase::Resting { .. }, Event::Due) => self.phase = Phase::Connecting,
            (Phase::Connecting, Event::Connected) => {
                self.phase = Phase::Opening;
                return Some(Effect::Open(self.plan()));
            }
            (Phase::Connecting, Event::Failed(error)) => self.phase = Phase::Failing(error),
            (Phase::Opening, Event::Opened(opened)) => self.opened(opened, intake),
            (Phase::Opening, Event::Failed(error)) => self.not_opened(error, clock()),
            (Phase::Attached(_), Event::Failed(error)) => self.unanswered(error, clock()),
            (Phase::Attached(_), Event::Lost(end)) => self.lost(end, clock()),
            (Phase::Attached(attached), event) => {
                match attached.on(event, &mut self.progress, intake, clock) {
                    Ok(effect) => return effect,
                    Err(error) => self.phase = Phase::Failing(error),
                }
            }
            // An event that this phase does not wait for changes nothing.
            _ => {}
        }
        None
    }

    /// The end of a watch that wants nothing more: its error, once.
    pub(super) fn end(&mut self) -> Result<(), KvError> {
        match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Failing(error) => Err(error),
            _ => Ok(()),
        }
    }

    /// The position after what was handed out.
    pub(super) fn cursor(&self) -> Option<WatchCursor> {
        let Progress { frontier, time, incarnation, .. } = self.progress;
        let cursor = (frontier > 0).then(|| WatchCursor::from_u64(frontier).with_time(time))?;
        Some(match incarnation {
            Some(incarnation) => cursor.with_incarnation(incarnation),
            None => cursor,
        })
    }

    fn plan(&self) -> Plan {
        let Progress { frontier, incarnation, .. } = self.progress;
        let start = if frontier == 0 { Start::State } else { Start::After(frontier) };
        Plan { start, incarnation }
    }

    fn opened(&mut self, opened: Opened, intake: Intake) {
        let Opened { made, incarnation, tip, gaps } = opened;
        self.retry.opened();
        self.progress.incarnation = Some(incarnation);
        let activity = Activity::reading(Supply::Coming);
        let mut attached = Attached { made, tip, gaps, activity };
        if self.progress.is_filling() && intake.pending == 0 {
            attached.inquire(Inquiry::Confirm, &self.progress, intake);
        }
        self.phase = Phase::Attached(Box::new(attached));
    }

    /// Goes on after a consumer could not be made.
    fn not_opened(&mut self, error: KvError, now: Instant) {
        self.phase = match self.retry.failed(&error, now) {
            Some(until) => Phase::Resting { until },
            None => Phase::Failing(error),
        };
    }

    /// Goes on after a question to the server failed. If that does not pass, the next attempt to
    /// make a consumer shows it.
    fn unanswered(&mut self, error: KvError, now: Instant) {
        match error {
            KvError::ConnectionFailed(_) | KvError::Timeout | KvError::WatchError(_) => {
                self.lost(End::Lost("the server did not answer"), now);
            }
            error => self.phase = Phase::Failing(error),
        }
    }

    /// Lets go of a consumer, to go on with another one if that can be.
    fn lost(&mut self, end: End, now: Instant) {
        let Phase::Attached(attached) = &self.phase else { return };
        self.phase = match end {
            End::Lost(_) => match self.retry.lost(attached.made, now) {
                Some(until) => Phase::Resting { until },
                None => Phase::Connecting,
            },
            End::Denied(text) => Phase::Failing(KvError::PermissionDenied(text)),
            End::Closed => Phase::Failing(KvError::NotConnected),
        };
    }
}
