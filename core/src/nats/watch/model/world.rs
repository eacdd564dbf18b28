//! A bucket, its server, the way to the watch, and the watch's machine, in virtual time.

use super::bucket::{Bucket, KEYS, Kind};
use super::reader::{Item, Reader};
use super::server::{Meaning, Sent, ServerConsumer, Status};
use super::step::{Change, ENDS, Failure, Refusal, STATUSES, Schedule, Server, Step, Wire};
use super::verdict::Verdict;
use crate::kv::{KvError, WatchCursor};
use crate::nats::jetstream::api::StreamInfo;
use crate::nats::jetstream::end::End;
use crate::nats::watch::event::{Event, Plan};
use crate::nats::watch::machine::Machine;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Everything there is.
pub(super) struct World {
    began: Instant,
    /// In microseconds since then.
    now: u64,
    kind: Kind,
    /// Buckets of this name, one after the other.
    pub(super) buckets: Vec<Bucket>,
    pub(super) is_deleted: bool,
    pub(super) consumer: Option<ServerConsumer>,
    /// What the server has sent and has not arrived.
    wire: VecDeque<Sent>,
    /// Since when the server is late, in milliseconds.
    late_since: Option<u64>,
    /// When the connection is there again, in milliseconds.
    connected_at: u64,
    pub(super) is_closed: bool,
    /// True once something was lost on the way, of which nothing may ever tell but the next message.
    pub(super) has_lost: bool,
    failure: Option<Refusal>,
    outage: Option<(Refusal, u64)>,
    pub(super) machine: Machine,
    pub(super) reader: Option<Reader>,
    pub(super) opening: Option<Opening>,
    pub(super) verdict: Verdict,
}

/// How far the making of a consumer is.
pub(super) enum Opening {
    Asked(Plan),
    Prepared { plan: Plan, info: Box<StreamInfo>, asked: Instant },
}

/// How long a server may be late, in milliseconds.
const LATE: u64 = 1_500;
/// No more than this passes at once, in milliseconds.
const TICK: u64 = 1_000;

impl World {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let mut bucket = Bucket::new(schedule.kind, 1);
        for key in &schedule.written {
            bucket.put(*key, 0, schedule.cursor.is_some());
        }
        let cursor = schedule.cursor.map_or(WatchCursor::none(), |cursor| {
            let at = WatchCursor::from_u64(cursor.version);
            if cursor.is_bound { at.with_incarnation(bucket.incarnation) } else { at }
        });
        Self {
            began: Instant::now(),
            now: 0,
            kind: schedule.kind,
            buckets: vec![bucket],
            is_deleted: false,
            consumer: None,
            wire: VecDeque::new(),
            late_since: None,
            connected_at: 0,
            is_closed: false,
            has_lost: false,
            failure: None,
            outage: None,
            machine: Machine::new(&cursor),
            reader: None,
            opening: None,
            verdict: Verdict::default(),
        }
    }

    pub(super) fn instant(&self) -> Instant {
        self.began + Duration::from_micros(self.now)
    }

    /// In microseconds.
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// In milliseconds.
    pub(super) fn at(&self) -> u64 {
        self.now / 1000
    }

    /// The bucket that is there now.
    pub(super) fn bucket(&self) -> Option<&Bucket> {
        self.buckets.last().filter(|_| !self.is_deleted)
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected_at <= self.at()
    }

    /// What becomes of a question to the server now, if it fails.
    pub(super) fn takes_failure(&mut self) -> Option<Refusal> {
        let outage = self.outage.filter(|(_, until)| self.at() < *until);
        self.failure.take().or(outage.map(|(refusal, _)| refusal))
    }

    pub(super) fn step(&mut self, step: Step) -> Result<(), String> {
        self.now += 1;
        match step {
            Step::Read(count) => return self.read(count.into()),
            Step::Call => self.tell(Event::Called)?,
            Step::Pass(time) => self.pass(time.into()),
            Step::Change(change) => self.change(change),
            Step::Server(server) => self.serve(server),
            Step::Wire(wire) => self.carry(wire),
            Step::Failure(Failure::Once(refusal)) => self.failure = Some(refusal),
            Step::Failure(Failure::For(refusal, time)) => {
                self.outage = Some((refusal, self.at() + u64::from(time)));
            }
        }
        Ok(())
    }

    /// Ends all that is wrong but the state of the bucket.
    pub(super) fn heal(&mut self) {
        (self.failure, self.outage) = (None, None);
        self.connected_at = self.at();
        self.pass(1);
    }

    /// Lets time pass, in which the server does what it has to do and everything arrives.
    pub(super) fn pass(&mut self, time: u64) {
        let mut left = time;
        while left > 0 {
            self.serve(Server::Hears);
            self.late_since = None;
            self.send(|consumer, bucket, now| consumer.sends(u64::MAX, bucket, now));
            let tick = left.min(TICK);
            left -= tick;
            self.now += tick * 1000;
            let (now, is_begun) = (self.now, self.is_begun());
            if let Some(bucket) = self.buckets.last_mut() {
                bucket.age(now, is_begun);
            }
            self.send(|consumer, _, now| consumer.passes_time(now));
            self.arrive(usize::MAX);
        }
    }

    fn is_begun(&self) -> bool {
        self.machine.cursor().is_some() || self.verdict.is_synced()
    }

    pub(super) fn change(&mut self, change: Change) {
        let (now, is_begun, number) = (self.now, self.is_begun(), self.buckets.len() as u64 + 1);
        let Some(bucket) = self.buckets.last_mut() else { return };
        match change {
            Change::Recreate(count) => {
                self.is_deleted = false;
                self.forget(true);
                let mut bucket = Bucket::new(self.kind, number);
                (0..count).for_each(|it| bucket.put(it % 3, now, is_begun));
                self.buckets.push(bucket);
            }
            _ if self.is_deleted => {}
            Change::Put(key) => bucket.put(key, now, is_begun),
            Change::Burst(key, count) => {
                for number in 0..count {
                    bucket.put((key + number) % KEYS, now, is_begun);
                    if let Some(consumer) = &mut self.consumer
                        && self.late_since.is_none()
                    {
                        self.wire.extend(consumer.follows(bucket, now / 1000));
                    }
                }
            }
            Change::PurgeKey(key) => bucket.purge(Some(key)),
            Change::PurgeAll => bucket.purge(None),
            Change::Delete => {
                self.is_deleted = true;
                self.verdict.was_deleted = true;
                self.forget(true);
            }
        }
        self.follow();
    }

    fn follow(&mut self) {
        if self.late_since.is_some_and(|since| self.at() < since + LATE) {
            return;
        }
        self.late_since = None;
        self.send(|consumer, bucket, now| consumer.follows(bucket, now));
    }

    fn serve(&mut self, server: Server) {
        match server {
            Server::Hears => {
                let asked = self.reader.as_mut().map(|it| std::mem::take(&mut it.asked));
                for request in asked.into_iter().flatten() {
                    self.send(|consumer, bucket, now| consumer.hears(request, bucket, now));
                }
            }
            Server::Sends(count) => {
                self.send(|consumer, bucket, now| consumer.sends(count.into(), bucket, now));
            }
            // What is late with only some of the keys is not found, because it has more by then
            // where that is what others write all the time.
            Server::IsLate if self.kind.is_whole() => self.late_since = Some(self.at()),
            Server::IsLate => {}
            Server::EndsRequest(number) => {
                let (code, text) = ENDS[usize::from(number)];
                self.send(|consumer, _, _| consumer.ends_request(code, text).into_iter().collect());
            }
            Server::EndsRequests(number) => {
                let (code, text) = ENDS[usize::from(number)];
                let end = |consumer: &mut ServerConsumer| consumer.ends_request(code, text);
                self.send(|consumer, _, _| std::iter::from_fn(|| end(consumer)).collect());
            }
            Server::Says(number) => {
                let (code, text) = STATUSES[usize::from(number)];
                let meaning = if number == 0 { Meaning::GoesOn } else { Meaning::Ends };
                self.wire.push_back(Sent::Status(Status { code, text, unserved: None, meaning }));
            }
            Server::Forgets(says_so) => self.forget(says_so),
            Server::SendsAgain(number) => self.send_again(number),
        }
    }

    fn send_again(&mut self, number: u8) {
        let frontier = self.machine.cursor().and_then(|it| it.as_u64()).unwrap_or(0);
        let Some(version) = u64::from(number).checked_rem(frontier) else { return };
        self.send(|consumer, bucket, _| {
            consumer.sends_again(version + 1, bucket).into_iter().collect()
        });
    }

    fn forget(&mut self, says_so: bool) {
        if self.consumer.take().is_some() && says_so {
            let (text, meaning) = ("Consumer Deleted", Meaning::Ends);
            let status = Status { code: 409, text, unserved: None, meaning };
            self.wire.push_back(Sent::Status(status));
        }
    }

    fn carry(&mut self, wire: Wire) {
        match wire {
            Wire::Arrives(count) => self.arrive(count.into()),
            Wire::Loses(number) => {
                let index = usize::from(number).checked_rem(self.wire.len());
                // The end of a request is not lost alone: a route that breaks takes the requests
                // with it.
                let is_end = |it: &Sent| matches!(it, Sent::Status(it) if it.unserved.is_some());
                if let Some(index) = index.filter(|&index| !is_end(&self.wire[index])) {
                    self.wire.remove(index);
                    self.has_lost = true;
                }
            }
            Wire::Repeats => self.wire.extend(self.wire.back().copied()),
            Wire::Swaps if self.wire.len() > 1 => self.wire.swap(0, 1),
            Wire::Swaps => {}
            Wire::Cut(time) => {
                self.connected_at = self.at() + u64::from(time);
                self.ends(End::Lost("the connection was cut"));
            }
            Wire::Denies => {
                self.ends(End::Denied("denied here".into()));
            }
            Wire::Closes => {
                self.is_closed = true;
                self.verdict.may_end_with(KvError::NotConnected);
                self.ends(End::Closed);
            }
        }
    }

    fn ends(&mut self, end: End) {
        self.wire.clear();
        if let Some(reader) = &mut self.reader {
            if let End::Denied(text) = &end {
                self.verdict.may_end_with(KvError::PermissionDenied(text.clone()));
            }
            reader.inbox.push_back(Item::End(end));
        }
    }

    fn arrive(&mut self, count: usize) {
        let count = count.min(self.wire.len());
        let arrived = self.wire.drain(..count).map(Item::Sent);
        match &mut self.reader {
            Some(reader) => reader.inbox.extend(arrived),
            None => arrived.for_each(drop),
        }
    }

    fn send(&mut self, send: impl FnOnce(&mut ServerConsumer, &Bucket, u64) -> Vec<Sent>) {
        let now = self.at();
        let Some(bucket) = self.buckets.last().filter(|_| !self.is_deleted) else { return };
        if let Some(consumer) = &mut self.consumer {
            self.wire.extend(send(consumer, bucket, now));
        }
    }

    /// Reads by a consumer that was just made.
    pub(super) fn attach(&mut self, consumer: ServerConsumer, pending: u64) {
        self.wire.clear();
        self.late_since = None;
        self.consumer = Some(consumer);
        self.reader = Some(Reader::new(pending));
    }
}
