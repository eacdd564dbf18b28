//! Judges how often a watch asks, and whether it ends where it has to (S11).

use crate::kv::KvError;
use crate::nats::jetstream::end::End;
use crate::nats::watch::event::{Event, Want};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// What went wrong with a watch, as seen from outside.
#[derive(Default)]
pub(super) struct Retries {
    /// What the watch has to end with.
    pub(super) end: Option<KvError>,
    /// What went wrong just now.
    trouble: Option<Trouble>,
    made: Option<Instant>,
    /// When a consumer was lost, until there is another one.
    lost: Option<Instant>,
    /// Attempts to make a consumer that failed, and consumers that were lost soon, one after the
    /// other; each with the last pause.
    failed: Row,
    short_lived: Row,
    /// When consumers were asked for.
    openings: VecDeque<Instant>,
}

#[derive(Default)]
struct Row {
    length: u32,
    pause: Duration,
}

enum Trouble {
    /// An attempt to make a consumer failed.
    Opening(KvError),
    /// A question failed, or the connection.
    Question(KvError),
    Lost(End),
}

/// What has to follow on trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    GoesOn,
    Ends,
    Either,
}

/// A consumer that lives longer was no failure.
const SHORT: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// So many consumers may be asked for in so much time.
const OPENINGS: usize = 16;
const WINDOW: Duration = Duration::from_secs(5);
/// So often is a store asked for that is missing, before it counts as deleted.
const ATTEMPTS: u32 = 3;
/// So long may the server keep a lost consumer, and so have no room for another one.
const KEPT: Duration = Duration::from_secs(30);

impl Retries {
    /// Notes what the machine is about to be told.
    pub(super) fn before(&mut self, event: &Event, want: Want, now: Instant) {
        self.trouble = match event {
            Event::Failed(error) if want == Want::Opening => Some(Trouble::Opening(error.clone())),
            Event::Failed(error) => Some(Trouble::Question(error.clone())),
            Event::Lost(End::Lost(why)) => Some(Trouble::Lost(End::Lost(why))),
            Event::Lost(End::Denied(text)) => Some(Trouble::Lost(End::Denied(text.clone()))),
            Event::Lost(End::Closed) => Some(Trouble::Lost(End::Closed)),
            _ => None,
        };
        match event {
            Event::Opened(_) => {
                (self.made, self.lost) = (Some(now), None);
                self.failed = Row::default();
            }
            Event::Connected => self.openings.push_back(now),
            _ => {}
        }
    }

    /// Judges how the machine goes on: what passes is asked again, with a growing pause, and what
    /// does not pass is the end.
    pub(super) fn after(&mut self, want: Want, now: Instant) -> Result<(), String> {
        self.is_moderate(now)?;
        let Some(trouble) = self.trouble.take() else { return Ok(()) };
        let (error, due) = match trouble {
            Trouble::Opening(error) => {
                let due = self.opening_failed(&error, want, now)?;
                (error, due)
            }
            Trouble::Question(error) => match error {
                KvError::ConnectionFailed(_) | KvError::Timeout | KvError::WatchError(_) => {
                    self.lost(want, now)?;
                    (error, Due::GoesOn)
                }
                error => (error, Due::Ends),
            },
            Trouble::Lost(End::Lost(_)) => {
                self.lost(want, now)?;
                (KvError::Timeout, Due::GoesOn)
            }
            Trouble::Lost(End::Denied(text)) => (KvError::PermissionDenied(text), Due::Ends),
            Trouble::Lost(End::Closed) => (KvError::NotConnected, Due::Ends),
        };
        let is = if want == Want::End { Due::Ends } else { Due::GoesOn };
        if due != Due::Either && due != is {
            return Err(format!("after {error} it {is:?}"));
        }
        if due == Due::Ends {
            self.end = Some(error);
        }
        Ok(())
    }

    fn opening_failed(&mut self, error: &KvError, want: Want, now: Instant) -> Result<Due, String> {
        self.failed.length += 1;
        match want {
            Want::Time(until) => self.failed.grows(until - now)?,
            Want::End => {}
            _ => return Err("an attempt follows on another one without a pause".into()),
        }
        Ok(match error {
            KvError::ConnectionFailed(_) | KvError::Timeout => Due::GoesOn,
            KvError::WatchError(_) if self.failed.length <= ATTEMPTS => Due::GoesOn,
            KvError::LimitExceeded(_) => match self.lost.map(|lost| now - lost) {
                Some(ago) if ago < KEPT => Due::GoesOn,
                Some(ago) if ago < KEPT * 2 => Due::Either,
                _ => Due::Ends,
            },
            _ => Due::Ends,
        })
    }

    fn lost(&mut self, want: Want, now: Instant) -> Result<(), String> {
        self.lost = Some(now);
        if self.made.is_none_or(|made| now - made >= SHORT) {
            self.short_lived = Row::default();
            return Ok(());
        }
        self.short_lived.length += 1;
        match want {
            Want::Time(until) => self.short_lived.grows(until - now),
            _ if self.short_lived.length > 2 => {
                Err("a consumer follows on short-lived ones without a pause".into())
            }
            _ => Ok(()),
        }
    }

    fn is_moderate(&mut self, now: Instant) -> Result<(), String> {
        while self.openings.front().is_some_and(|it| now - *it > WINDOW) {
            self.openings.pop_front();
        }
        if self.openings.len() > OPENINGS {
            return Err(format!("it spins: {} consumers", self.openings.len()));
        }
        Ok(())
    }
}

impl Row {
    fn grows(&mut self, pause: Duration) -> Result<(), String> {
        let least = (self.pause * 2).min(LONGEST_PAUSE);
        if pause < least || pause.is_zero() {
            return Err(format!("a pause of {pause:?} follows on one of {:?}", self.pause));
        }
        self.pause = pause;
        Ok(())
    }
}
