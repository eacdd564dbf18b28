//! Whether messages may be missing between two that a consumer delivered (S5b).
//!
//! A store that removes its oldest messages tells nobody. Most gaps between the versions that a
//! watch is told are of keys that it does not watch, or that were written again. One in which
//! something was removed can only be where the server did not deliver as it could: it had more, it
//! had no request, or it was late by as long as the whole store takes to be replaced. There, and
//! there only, the leader is asked.

use crate::nats::jetstream::api::{StreamConfig, StreamInfo};
use crate::nats::jetstream::message::Position;
use std::time::Duration;
use tokio::time::Instant;

/// What is known of the gaps between the messages of one consumer.
#[derive(Debug)]
pub(in crate::nats) struct Gaps {
    /// Whether the consumer has no filter, so that gaps are rare.
    is_whole: bool,
    limits: Limits,
    /// Whether the server had more to send after the last message.
    behind: bool,
    /// Before which message, by the consumer's own number, and all those before it nothing is
    /// missing.
    certain: u64,
    /// Until when too little can have been written for anything to be removed.
    safe_until: Instant,
}

/// Reads the clock. It is read only where a time is needed, which is not with each message.
pub(super) type Clock<'a> = &'a dyn Fn() -> Instant;

/// Why something may be missing before a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) enum Doubt {
    /// The server had something that it did not send, or may have had.
    Kept,
    /// It may have been late by as long as the whole store took to be replaced.
    Late,
}

/// The limits at which a store removes messages.
#[derive(Debug, Clone, Copy)]
struct Limits {
    bytes: Option<u64>,
    messages: Option<u64>,
    /// In bytes, of one message.
    largest: u64,
    /// Whether its messages also go because they are old.
    ages: bool,
}

/// What the store adds to a message that is as large as it may be: its subject and its length.
const OVERHEAD: u64 = 2 << 10;
/// No message takes fewer bytes than this.
const LEAST: u64 = 20;
/// No server stores more bytes a second than this.
const FASTEST: u64 = 4 << 30;
/// No server that has a request for messages is late with one by more than this.
const LATE: Duration = Duration::from_secs(2);

impl Gaps {
    /// For a consumer that is about to be made and to start after `frontier`; nothing where no gap
    /// is ever more than what was written again. `info` was asked for at `asked`.
    pub(in crate::nats) fn of(
        info: &StreamInfo,
        asked: Instant,
        frontier: u64,
        is_whole: bool,
        max_payload: usize,
    ) -> Option<Self> {
        let limits = Limits::of(&info.config, max_payload as u64);
        info.can_evict().then(|| Self {
            is_whole,
            limits,
            behind: false,
            certain: 0,
            safe_until: asked + limits.safe_for(info, frontier),
        })
    }

    /// Whether something may be missing before this message, which does not follow at once after
    /// what was told.
    pub(in crate::nats) fn doubt(
        &self,
        position: Position,
        after_lull: bool,
        clock: Clock<'_>,
    ) -> Option<Doubt> {
        let removes = self.limits.bytes.or(self.limits.messages).is_some();
        let doubt = match () {
            () if position.consumer <= self.certain => None,
            () if after_lull || self.behind => Some(Doubt::Kept),
            // Late as it is it has more by then, where that is what others write all the time.
            () if removes && (self.is_whole || position.pending > 0) => Some(Doubt::Late),
            () => None,
        };
        doubt.filter(|_| clock() >= self.safe_until)
    }

    /// Whether the server had more to send after the last message.
    pub(in crate::nats) fn is_behind(&self) -> bool {
        self.behind
    }

    /// Notes the last message that was told, or passed over.
    pub(in crate::nats) fn passed(&mut self, position: Position) {
        self.behind = position.pending > 0;
    }

    /// Notes that the server may have kept something back.
    pub(in crate::nats) fn fall_behind(&mut self) {
        self.behind = true;
    }

    /// Notes that nothing after `frontier` had been removed when the leader was asked, by when
    /// messages up to `certain` had come.
    pub(in crate::nats) fn vouch(
        &mut self,
        info: &StreamInfo,
        asked: Instant,
        frontier: u64,
        certain: u64,
    ) {
        self.certain = certain;
        self.safe_until = asked + self.limits.safe_for(info, frontier);
    }

    /// Notes that the server has nothing more than what it has sent.
    pub(in crate::nats) fn catch_up(&mut self) {
        self.behind = false;
    }
}

impl Doubt {
    /// Whether it is none, as the store is now.
    pub(in crate::nats) fn is_unfounded(self, info: &StreamInfo) -> bool {
        self == Self::Late && info.state.written_in().is_some_and(|time| time > LATE)
    }
}

impl Limits {
    fn of(config: &StreamConfig, max_payload: u64) -> Self {
        let limit = |limit: i64| u64::try_from(limit).ok().filter(|&limit| limit > 0);
        let removes = config.discard == "old";
        Self {
            bytes: limit(config.max_bytes).filter(|_| removes),
            messages: limit(config.max_msgs).filter(|_| removes),
            largest: limit(config.max_msg_size).unwrap_or(max_payload) + OVERHEAD,
            ages: config.ages_silently(),
        }
    }

    /// How long at least it takes to write as much as removes the message after `frontier`.
    fn safe_for(&self, info: &StreamInfo, frontier: u64) -> Duration {
        if self.ages {
            return Duration::ZERO;
        }
        let state = &info.state;
        // Everything up to the frontier is removed before it.
        let after = state.last_seq.saturating_sub(frontier);
        let before = state.messages.saturating_sub(after);
        let bytes_before = state.bytes.saturating_sub(after.saturating_mul(self.largest));
        let bytes_before = bytes_before.max(before * LEAST);
        let by_bytes = self.bytes.map(|limit| limit.saturating_sub(state.bytes) + bytes_before);
        let by_messages = self.messages.map(|limit| limit.saturating_sub(state.messages) + before);
        let by_messages = by_messages.map(|messages| messages.saturating_mul(LEAST));
        let bytes = least(by_bytes, by_messages).unwrap_or(0);
        // A day is as good as for ever, and no sum of times is out of bounds.
        Duration::from_secs_f64((bytes as f64 / FASTEST as f64).min(86_400.0))
    }
}

fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MAX_PAYLOAD: usize = 1 << 20;
    const FULL: i64 = 16 << 20;

    /// A store that is full with messages of 1 KiB, whose last version is 100,000.
    fn info(discard: &str, max_bytes: i64) -> StreamInfo {
        let config = json!({
            "name": "KV_s", "storage": "file", "discard": discard, "num_replicas": 1,
            "max_bytes": max_bytes,
        });
        let state = json!({
            "messages": FULL >> 10, "bytes": FULL, "first_seq": 50_000, "last_seq": 100_000,
            "first_ts": "2026-11-29T10:09:04Z", "last_ts": "2026-11-29T10:09:06.5Z",
        });
        let info = json!({ "config": config, "created": "now", "state": state });
        serde_json::from_value(info).unwrap()
    }

    fn gaps(is_whole: bool) -> Gaps {
        let long_ago = Instant::now();
        let gaps = Gaps::of(&info("old", FULL), long_ago, 100_000, is_whole, MAX_PAYLOAD);
        let mut gaps = gaps.unwrap();
        gaps.safe_until = long_ago;
        gaps
    }

    fn position(consumer: u64, stream: u64, pending: u64) -> Position {
        Position { stream, consumer, pending, time: 0 }
    }

    #[tokio::test]
    async fn s5b_a_store_that_removes_nothing_untold_has_no_doubtful_gap() {
        for info in [info("new", FULL), info("old", -1)] {
            assert!(Gaps::of(&info, Instant::now(), 0, true, MAX_PAYLOAD).is_none());
        }
    }

    #[tokio::test]
    async fn s5b_a_gap_is_in_doubt_only_where_the_server_may_have_been_late() {
        let mut gaps = gaps(false);
        gaps.passed(position(1, 100_001, 0));
        let next = position(2, 100_003, 0);
        assert_eq!(gaps.doubt(next, false, &Instant::now), None);
        // It had no request.
        assert_eq!(gaps.doubt(next, true, &Instant::now), Some(Doubt::Kept));
        // It has more by now.
        assert_eq!(gaps.doubt(position(2, 100_003, 1), false, &Instant::now), Some(Doubt::Late));
        // It had more.
        gaps.passed(position(1, 100_001, 1));
        assert_eq!(gaps.doubt(next, false, &Instant::now), Some(Doubt::Kept));
        // The leader was asked when this message had come.
        gaps.certain = 2;
        assert_eq!(gaps.doubt(next, false, &Instant::now), None);
        assert_eq!(gaps.doubt(position(3, 100_005, 0), false, &Instant::now), Some(Doubt::Kept));
    }

    #[tokio::test]
    async fn s5_no_server_is_late_by_as_long_as_a_store_lasts_that_is_replaced_slowly() {
        let mut info = info("old", FULL);
        assert!(Doubt::Late.is_unfounded(&info) && !Doubt::Kept.is_unfounded(&info));
        info.state.last_ts = "2026-11-29T10:09:04.5Z".to_owned();
        assert!(!Doubt::Late.is_unfounded(&info));
        info.state.last_ts.clear();
        assert!(!Doubt::Late.is_unfounded(&info));
    }

    #[tokio::test]
    async fn s5b_without_a_filter_every_gap_is_in_doubt_but_for_a_while() {
        let mut gaps = gaps(true);
        let next = position(2, 100_003, 0);
        assert_eq!(gaps.doubt(next, false, &Instant::now), Some(Doubt::Late));
        gaps.safe_until += Duration::from_secs(60);
        assert_eq!(gaps.doubt(next, false, &Instant::now), None);
    }

    #[tokio::test]
    async fn s5b_what_is_safe_is_what_no_server_can_write_in_that_time() {
        let info = info("old", FULL);
        let limits = Limits::of(&info.config, MAX_PAYLOAD as u64);
        let time = |bytes: u64| Duration::from_secs_f64(bytes as f64 / FASTEST as f64);
        // All of the store, for one who has read all of it.
        assert_eq!(limits.safe_for(&info, 100_000), time(FULL as u64));
        // What is after the frontier may be as large as messages can be.
        let largest = MAX_PAYLOAD as u64 + OVERHEAD;
        assert_eq!(limits.safe_for(&info, 99_990), time(FULL as u64 - 10 * largest));
        assert_eq!(limits.safe_for(&info, 99_000), time(((FULL as u64 >> 10) - 1_000) * LEAST));
        assert_eq!(limits.safe_for(&info, 50_000), Duration::ZERO);
    }
}
