//! Reads a stream message by message, in JSON, where there is no lane to read it by.
//!
//! A consumer delivers headers as somebody wrote them, and async-nats ends over some. In the answers
//! of the API they are base 64, so nothing that was stored can harm it. Several messages are asked
//! for at once, and a doorbell says when there are more.

use super::doorbell::{Doorbell, Rung};
use super::leader::refused;
use super::stop::Stop;
use crate::kv::{Footprint, KvError};
use crate::nats::jetstream::api::{MessageRequest, Stored, StreamInfo, millis_of};
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::consumer::{Delivery, Seen, Start};
use crate::nats::jetstream::end::End;
use crate::nats::jetstream::filter::parent;
use crate::nats::jetstream::message::{Position, Said};
use crate::nats::transport::response::Response;
use futures_util::future::try_join_all;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// A walk through the messages of a stream that filters let through, in their order.
pub(in crate::nats) struct Walk {
    bucket: Arc<Bucket>,
    filters: Arc<[String]>,
    /// One filter that covers all of them.
    covering: String,
    /// Everything before this version was read.
    next: u64,
    /// Up to this version only the last message of a subject counts.
    last_up_to: u64,
    /// What was read and not handed out.
    ahead: VecDeque<Stored>,
    /// Whether there was nothing after that when it was read.
    at_end: bool,
    at_once: usize,
    delivered: u64,
    doorbell: Option<Doorbell>,
    /// How often it rang for nothing, one time after the other.
    in_vain: u32,
    /// Whether messages may be removed that nobody was told of.
    evicts: bool,
    /// Whether one may have come and gone unread before the doorbell was there.
    starved: bool,
    /// The watch that the doorbells are a part of.
    footprint: Footprint,
}

/// Messages asked for at once, and how many bytes they may be together.
const FEWEST: usize = 2;
const MOST: usize = 64;
const BYTES: usize = 4 << 20;
/// How long a doorbell that rang for nothing is left alone, doubled each time up to the longest.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Walk {
    /// A walk from here on through a stream that is as `info` says.
    pub(in crate::nats) async fn start(
        bucket: Arc<Bucket>,
        filters: Arc<[String]>,
        start: Start,
        footprint: Footprint,
        info: &StreamInfo,
    ) -> Result<Self, KvError> {
        let (after, last_up_to) = match start {
            // Each message of a stream without a history is the last one of its subject.
            Start::State if info.config.max_msgs_per_subject == 1 => (0, 0),
            Start::State => (0, info.state.last_seq),
            Start::After(version) => (version, 0),
        };
        let mut walk = Self {
            bucket,
            covering: covering(&filters),
            filters,
            next: after + 1,
            last_up_to,
            ahead: VecDeque::new(),
            at_end: false,
            at_once: FEWEST,
            delivered: 0,
            doorbell: None,
            in_vain: 0,
            evicts: info.can_evict(),
            starved: false,
            footprint,
        };
        walk.read().await?;
        Ok(walk)
    }

    /// At least how many messages are left.
    pub(in crate::nats) fn pending(&self) -> u64 {
        self.ahead.len() as u64 + u64::from(!self.at_end)
    }

    /// Its own number of the last message that was read.
    pub(in crate::nats) fn delivered(&self) -> u64 {
        self.delivered + self.ahead.len() as u64
    }

    /// How far it is; a doorbell is its request for more.
    pub(in crate::nats) fn seen(&self) -> Seen {
        Seen { is_read: self.pending() == 0, waiting: u64::from(self.doorbell.is_some()) }
    }

    /// Whether a message may have come and gone since [`has`](Self::has).
    pub(in crate::nats) fn may_lull(&self) -> bool {
        self.starved
    }

    /// Notes that nothing was removed before there was a doorbell, if there is one.
    pub(in crate::nats) fn has(&mut self, doorbells: u64) {
        self.starved &= doorbells == 0;
    }

    /// Waits for the next message. Dropping the future loses none.
    pub(in crate::nats) async fn next(&mut self) -> Result<Delivery, Stop> {
        loop {
            if let Some(delivery) = self.try_next() {
                return Ok(delivery);
            }
            if self.at_end {
                self.wait().await?;
                self.at_end = false;
            }
            self.read().await?;
        }
    }

    /// The next message, if it is here already, and whether another one follows is known.
    pub(in crate::nats) fn try_next(&mut self) -> Option<Delivery> {
        if self.ahead.len() < 2 && !self.at_end {
            return None;
        }
        let message = self.ahead.pop_front()?;
        let kind = Said::by_text(&message.hdrs).kind(&message.data);
        self.delivered += 1;
        // A message is read after others were written, so any before it may be one that is gone.
        let position = Position {
            stream: message.seq,
            consumer: self.delivered,
            pending: 1,
            time: millis_of(&message.time),
        };
        let message = Response::from(message);
        Some(Delivery { message, kind, position, after_lull: true })
    }

    pub(in crate::nats) async fn delete(self) {
        if let Some(doorbell) = self.doorbell {
            doorbell.delete().await;
        }
    }

    /// Waits until there may be more.
    async fn wait(&mut self) -> Result<(), Stop> {
        loop {
            if self.bucket.router().has_lane() {
                return Err(End::Lost("there is a lane to read by").into());
            }
            let doorbell = match &mut self.doorbell {
                Some(doorbell) => doorbell,
                None => {
                    sleep(self.pause()).await;
                    let opened =
                        Doorbell::open(&self.bucket, &self.filters, self.next - 1, &self.footprint)
                            .await?;
                    self.starved |= self.evicts && self.next > 1;
                    self.doorbell.insert(opened)
                }
            };
            if doorbell.listen().await.map_err(End::from)? == Rung::Yes {
                return Ok(());
            }
            // There may be one by now.
            self.bucket.router().want_lane();
        }
    }

    fn pause(&self) -> Duration {
        match self.in_vain {
            0 => Duration::ZERO,
            times => PAUSE.saturating_mul(1 << times.min(10)).min(LONGEST_PAUSE),
        }
    }

    /// Reads some more. Nothing is changed before it has all come.
    async fn read(&mut self) -> Result<(), KvError> {
        let asks = (0..self.at_once as u64).map(|place| self.first_from(self.next + place));
        let answers = try_join_all(asks).await?;
        let (mut next, mut found, mut at_end) = (self.next, Vec::new(), false);
        // What is asked from one version later is either the same message or the one after it. Once
        // there was nothing, a later answer does not tell what came between them.
        for answer in answers {
            match answer {
                Some(message) if message.seq >= next => {
                    next = message.seq + 1;
                    found.push(message);
                }
                Some(_) => {}
                None => {
                    at_end = true;
                    break;
                }
            }
        }
        let counts = try_join_all(found.iter().map(|message| self.counts(message))).await?;
        self.fit(&found);
        // Where a doorbell rang, another one is needed after what was read.
        let in_vain = self.doorbell.take().is_some() && found.is_empty();
        self.in_vain = if in_vain { self.in_vain + 1 } else { 0 };
        self.next = next;
        self.at_end = at_end;
        let counted = found.into_iter().zip(counts).filter(|(_, counts)| *counts);
        self.ahead.extend(counted.map(|(message, _)| message));
        Ok(())
    }

    /// How many to ask for next: more while each is another one, fewer where they are few or large.
    fn fit(&mut self, found: &[Stored]) {
        let bytes: usize = found.iter().map(|it| it.data.len() + it.hdrs.len()).sum();
        let each = bytes.checked_div(found.len()).unwrap_or(0).max(1);
        let wanted = match found.len() * 2 > self.at_once {
            true => self.at_once * 2,
            false => self.at_once / 2,
        };
        self.at_once = wanted.clamp(FEWEST, MOST).min((BYTES / each).max(1));
    }

    /// Whether a message is to be told: of the first state of a stream with a history it is the
    /// last one of its subject.
    async fn counts(&self, message: &Stored) -> Result<bool, KvError> {
        if message.seq > self.last_up_to {
            return Ok(true);
        }
        let request =
            MessageRequest { last_by_subj: Some(&message.subject), ..MessageRequest::default() };
        Ok(self.ask(&request).await?.is_some_and(|last| last.seq == message.seq))
    }

    /// The first message at a version or after it.
    async fn first_from(&self, version: u64) -> Result<Option<Stored>, KvError> {
        let request = MessageRequest {
            seq: Some(version),
            next_by_subj: Some(&self.covering),
            ..MessageRequest::default()
        };
        self.ask(&request).await
    }

    async fn ask(&self, request: &MessageRequest<'_>) -> Result<Option<Stored>, KvError> {
        self.bucket.stored(request).await?.map_err(refused)
    }
}

/// The narrowest filter that covers these: the tokens that all of them begin with.
fn covering(filters: &[String]) -> String {
    let Some((first, rest)) = filters.split_first() else { return ">".to_owned() };
    if rest.is_empty() {
        return first.clone();
    }
    let mut common = parent(first);
    while !rest.iter().all(|filter| filter.starts_with(common)) {
        common = parent(common.trim_end_matches('.'));
    }
    format!("{common}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s6_one_filter_covers_several() {
        let of = |filters: &[&str]| {
            let filters: Vec<_> = filters.iter().map(|it| (*it).to_owned()).collect();
            covering(&filters)
        };
        assert_eq!(of(&["$KV.b.>"]), "$KV.b.>");
        assert_eq!(of(&["$KV.b.a.>", "$KV.b.c.>"]), "$KV.b.>");
        assert_eq!(of(&["$KV.b.a.x.>", "$KV.b.a.y.z.>"]), "$KV.b.a.>");
        assert_eq!(of(&["$KV.b.ab.>", "$KV.b.a.>"]), "$KV.b.>");
        assert_eq!(of(&["$KV.b.a.x"]), "$KV.b.a.x");
        assert_eq!(of(&["$KV.b.a.x", "$KV.b.a.xy"]), "$KV.b.a.>");
        assert_eq!(of(&["$KV.b.a", "$KV.b.a.x"]), "$KV.b.>");
        assert_eq!(of(&["$KV.b.a>", "$KV.b.a.>"]), "$KV.b.>");
    }
}
