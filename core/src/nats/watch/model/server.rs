//! A consumer as its server has it, and what the server sends to it.

use super::bucket::Bucket;
use crate::nats::jetstream::consumer::Start;
use crate::nats::jetstream::message::Position;
use std::collections::VecDeque;

/// A consumer on the server.
pub(super) struct ServerConsumer {
    /// The first version that it has not looked at.
    next: u64,
    /// Up to this version it sends only the last message of a key.
    last_up_to: u64,
    /// How many messages it has sent.
    pub(super) sent: u64,
    /// True if it had more to send after the last message. Only then may it take its time.
    is_behind: bool,
    requests: VecDeque<Request>,
    /// When it last sent something, in milliseconds.
    spoke: u64,
}

/// A request for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub(super) left: u64,
    /// In milliseconds.
    pub(super) expires: u64,
}

/// What the server sends to a consumer's inbox.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sent {
    Message(Position),
    Status(Status),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Status {
    pub(super) code: u16,
    pub(super) text: &'static str,
    pub(super) unserved: Option<u64>,
    pub(super) meaning: Meaning,
}

/// What a status means to a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    GoesOn,
    /// Nothing more comes of this consumer, or of what it is asked for.
    Ends,
}

/// In milliseconds.
const HEARTBEAT: u64 = 3_000;

impl ServerConsumer {
    pub(super) fn new(bucket: &Bucket, start: Start, now: u64) -> Self {
        let (next, last_up_to) = match start {
            Start::State => (1, bucket.last()),
            Start::After(version) => (version + 1, 0),
        };
        Self { next, last_up_to, sent: 0, is_behind: false, requests: VecDeque::new(), spoke: now }
    }

    /// How many messages it has for its reader.
    pub(super) fn pending(&self, bucket: &Bucket) -> u64 {
        self.matching(bucket).count() as u64
    }

    pub(super) fn waiting(&self) -> u64 {
        self.requests.len() as u64
    }

    /// Takes a request, and serves at least one message by it.
    pub(super) fn hears(&mut self, request: Request, bucket: &Bucket, now: u64) -> Vec<Sent> {
        self.requests.push_back(request);
        self.sends(1, bucket, now)
    }

    /// Sends at once what was written, unless it is behind.
    pub(super) fn follows(&mut self, bucket: &Bucket, now: u64) -> Vec<Sent> {
        if self.is_behind { Vec::new() } else { self.sends(u64::MAX, bucket, now) }
    }

    /// Sends so many messages, if it has them and was asked for them.
    pub(super) fn sends(&mut self, count: u64, bucket: &Bucket, now: u64) -> Vec<Sent> {
        let mut sent = Vec::new();
        for _ in 0..count {
            let Some(version) = self.matching(bucket).next() else { break };
            let Some(mut request) = self.requests.pop_front() else { break };
            self.next = version + 1;
            self.sent += 1;
            let pending = self.pending(bucket);
            self.is_behind = pending > 0;
            self.spoke = now;
            sent.push(Sent::Message(Position {
                stream: version,
                consumer: self.sent,
                pending,
                time: 0,
            }));
            request.left -= 1;
            match request.left {
                0 => sent.push(Sent::Status(ended(409, "Batch Completed", 0))),
                _ => self.requests.push_back(request),
            }
        }
        sent
    }

    /// Sends the last message again, under a number of its own, as a server does that has lost
    /// count.
    pub(super) fn sends_again(&mut self, version: u64, bucket: &Bucket) -> Option<Sent> {
        self.requests.front_mut()?.left -= 1;
        self.sent += 1;
        let pending = self.pending(bucket);
        Some(Sent::Message(Position { stream: version, consumer: self.sent, pending, time: 0 }))
    }

    /// Ends a request before its time.
    pub(super) fn ends_request(&mut self, code: u16, text: &'static str) -> Option<Sent> {
        let Request { left, .. } = self.requests.pop_front()?;
        Some(Sent::Status(ended(code, text, left)))
    }

    /// The first version that it has not sent.
    pub(super) fn unsent(&self) -> u64 {
        self.next
    }

    /// Ends what has expired, and gives a sign of life where nothing else was sent.
    pub(super) fn passes_time(&mut self, now: u64) -> Vec<Sent> {
        let mut sent = Vec::new();
        for _ in 0..self.requests.len() {
            let Some(request) = self.requests.pop_front() else { break };
            match request.expires <= now {
                true => sent.push(Sent::Status(ended(408, "Request Timeout", request.left))),
                false => self.requests.push_back(request),
            }
        }
        if !self.requests.is_empty() && self.spoke + HEARTBEAT <= now {
            self.spoke = now;
            let (text, meaning) = ("Idle Heartbeat", Meaning::GoesOn);
            sent.push(Sent::Status(Status { code: 100, text, unserved: None, meaning }));
        }
        sent
    }

    fn matching<'a>(&'a self, bucket: &'a Bucket) -> impl Iterator<Item = u64> + 'a {
        (self.next..=bucket.last()).filter(|&version| {
            let is_wanted =
                version > self.last_up_to || bucket.is_last_of_key(version, self.last_up_to);
            bucket.is_live(version) && bucket.kind.is_watched(bucket.key(version)) && is_wanted
        })
    }
}

fn ended(code: u16, text: &'static str, unserved: u64) -> Status {
    Status { code, text, unserved: Some(unserved), meaning: Meaning::GoesOn }
}
