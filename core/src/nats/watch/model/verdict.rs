//! Judges what a watch hands out, and how it ends.

use super::bucket::{Bucket, Retention};
use super::retries::Retries;
use crate::kv::{KvError, WatchCursor};
use crate::nats::watch::event::{Effect, Event, Intake, Want};
use crate::nats::watch::machine::Machine;
use tokio::time::Instant;

/// What is known of a watch from outside.
#[derive(Default)]
pub(super) struct Verdict {
    retries: Retries,
    is_synced: bool,
    /// How often the leader had more.
    had_more: u32,
    /// When the watch began to find out whether the first state is complete, in microseconds.
    pub(super) inquired: u64,
    /// What the watch was refused, any of which it may end with.
    refusals: Vec<KvError>,
    /// True if changes could not be told when the machine came to its end.
    may_have_expired: Option<bool>,
    pub(super) has_ended: bool,
    pub(super) was_deleted: bool,
}

/// So often is the leader asked for more than was read, while others write.
const CONFIRMATIONS: u32 = 8;

impl Verdict {
    pub(super) fn is_synced(&self) -> bool {
        self.is_synced
    }

    pub(super) fn may_end_with(&mut self, error: KvError) {
        self.refusals.push(error);
    }

    /// Notes what the machine is about to be told.
    pub(super) fn before(&mut self, event: &Event, want: Want, now: Instant) {
        self.retries.before(event, want, now);
        if let Event::Next(Some(_)) = event {
            self.had_more += 1;
        }
    }

    /// Judges how the machine goes on.
    pub(super) fn after(&mut self, want: Want, now: Instant) -> Result<(), String> {
        self.retries.after(want, now)
    }

    /// Judges what the machine has done: nothing is lost, repeated or out of order (S1 to S5b).
    /// Messages from `unsent` on were not sent to the watch.
    pub(super) fn effect(
        &mut self,
        effect: Option<&Effect>,
        before: u64,
        unsent: u64,
        machine: &Machine,
        buckets: &[Bucket],
    ) -> Result<(), String> {
        let cursor = machine.cursor();
        let frontier = cursor.as_ref().and_then(WatchCursor::as_u64).unwrap_or(0);
        let incarnation = cursor.as_ref().and_then(WatchCursor::incarnation);
        let bucket = buckets.iter().find(|it| Some(it.incarnation) == incarnation);
        let hole = |up_to: u64| {
            let hole = bucket.and_then(|bucket| bucket.hole(before, up_to));
            hole.map_or(Ok(()), |it| Err(format!("{it} was passed over, from {before} on")))
        };
        if machine.want(Intake::default()) == Want::End {
            let expired = || may_have_expired(frontier, buckets);
            self.may_have_expired.get_or_insert_with(expired);
        }
        let is_told = !matches!(effect, None | Some(Effect::Open(_) | Effect::NoteRequests(_)));
        if is_told && cursor.is_some() && bucket.is_none() {
            return Err("the position names no bucket".into());
        }
        match effect {
            Some(Effect::HandOut(message)) => {
                let version = message.position.stream;
                if version <= before || version != frontier {
                    return Err(format!("{version} was told after {before}"));
                }
                hole(version - 1)
            }
            Some(Effect::MarkSynced) => {
                let bucket = bucket.filter(|it| is_last(it, buckets));
                self.synced(before, frontier, unsent, bucket)?;
                hole(frontier)
            }
            Some(Effect::MarkPosition) if frontier > before => hole(frontier),
            Some(Effect::MarkPosition) => Err("the position did not move".into()),
            _ if frontier != before => Err(format!("the position moved from {before} unsaid")),
            _ => Ok(()),
        }
    }

    /// The first state is complete once, and when it is (S3).
    fn synced(
        &mut self,
        before: u64,
        frontier: u64,
        unsent: u64,
        bucket: Option<&Bucket>,
    ) -> Result<(), String> {
        if std::mem::replace(&mut self.is_synced, true) {
            return Err("the first state was complete twice".into());
        }
        let gone = bucket.and_then(|it| it.unseen(before, unsent, self.inquired));
        if let Some(gone) = gone {
            return Err(format!("the first state was complete, though {gone} was removed"));
        }
        let left = bucket.and_then(|it| it.next_watched(before + 1));
        match left {
            Some(left) if self.had_more < CONFIRMATIONS || left <= frontier => {
                Err(format!("the first state was complete without {left}"))
            }
            _ => Ok(()),
        }
    }

    /// Judges the end: its error names the refusal, or the changes that cannot be told (S5, S11).
    pub(super) fn ended(&mut self, end: Result<(), KvError>) -> Result<(), String> {
        if std::mem::replace(&mut self.has_ended, true) {
            return if end.is_ok() { Ok(()) } else { Err("it ended twice".into()) };
        }
        let Err(error) = end else { return Err("it ended without an error".into()) };
        let is_due = match &error {
            KvError::CursorExpired => self.may_have_expired == Some(true),
            KvError::WatchError(text) if text.contains("deleted") => self.was_deleted,
            error => self.refusals.contains(error),
        };
        let is_other = self.retries.end.as_ref().is_some_and(|due| *due != error);
        if is_due && !is_other { Ok(()) } else { Err(format!("it ended with {error:?}")) }
    }
}

fn is_last(bucket: &Bucket, buckets: &[Bucket]) -> bool {
    buckets.last().is_some_and(|last| last.incarnation == bucket.incarnation)
}

/// True if changes after the frontier may be gone, or were never there.
fn may_have_expired(frontier: u64, buckets: &[Bucket]) -> bool {
    let [bucket] = buckets else { return true };
    let is_gone = bucket.kind.retention != Retention::Unlimited
        && (frontier + 1..=bucket.last()).next().is_some_and(|next| !bucket.is_live(next));
    bucket.was_purged || is_gone || frontier > bucket.last()
}
