//! What has come from one consumer: whether it is the next message, what a status of the server
//! means, and which requests for messages the server still has.
//!
//! It does nothing itself: it sends no request and reads no clock.

use super::end::End;
use super::message::{Position, unserved};
use super::pull_requests::{PullRequests, SILENCE};
use crate::nats::transport::response::{NO_RESPONDERS, Response};
use bytes::Bytes;
use tokio::time::Instant;

/// What is known of the messages of one consumer.
pub(in crate::nats) struct Reception {
    requests: PullRequests,
    /// The consumer's own number of the last message, which shows a lost one.
    delivered: u64,
    /// What the consumer has left, as of the last message.
    pending: u64,
    /// Since when nothing at all has come from its server, while somebody waited. It is one clock,
    /// whoever waits and however often that is given up.
    silent_since: Option<Instant>,
}

/// What a message that came to a consumer's inbox says.
#[derive(Debug, Clone, Copy)]
pub(in crate::nats) enum Arrival<'a> {
    /// It is of the stream.
    Message(Position),
    /// It is of the server. `unserved` is how many of the messages that a request was for will not
    /// come, where it ends one.
    Status { code: u16, text: &'a str, unserved: Option<u64> },
    /// It says nothing.
    Nothing,
}

/// What is to be done with what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) enum Taken {
    /// It is the next message. `after_lull`: its server may have been without a request just before.
    Message {
        position: Position,
        after_lull: bool,
    },
    /// The server is there. A consumer that pushes may have to be told to go on.
    Alive,
    Nothing,
}

const ALIVE: u16 = 100;
const CONFLICT: u16 = 409;
/// Conflicts that are the end of a consumer. Others are the end of a request.
const OVER: [&str; 4] =
    ["Consumer Deleted", "Leadership Change", "Server Shutdown", "Consumer is push"];

impl<'a> Arrival<'a> {
    pub(in crate::nats) fn of(message: &'a Response) -> Self {
        // What was stored may look like a status, but only it has a position.
        if let Some(position) = Position::parse(message.reply()) {
            return Self::Message(position);
        }
        match message.status() {
            Some(code) => {
                Self::Status { code, text: message.description(), unserved: unserved(message) }
            }
            None => Self::Nothing,
        }
    }
}

impl Reception {
    /// Of a consumer that is to be made.
    pub(in crate::nats) fn new(requests: PullRequests) -> Self {
        Self { requests, delivered: 0, pending: 0, silent_since: None }
    }

    /// Notes that the consumer was made, and how many messages it has.
    pub(in crate::nats) fn begin(&mut self, pending: u64) {
        self.pending = pending;
    }

    /// What the consumer has left, as of the last message.
    pub(in crate::nats) fn pending(&self) -> u64 {
        self.pending
    }

    /// The consumer's own number of the last message that came.
    pub(in crate::nats) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// True if the server may be without a request for messages now.
    pub(in crate::nats) fn may_lull(&self) -> bool {
        self.requests.may_lull()
    }

    /// Notes that the server has so many requests, and that nothing was removed before it had them.
    pub(in crate::nats) fn has(&mut self, waiting: u64) {
        self.requests.has(waiting);
    }

    /// The next request to be sent, if the server has not been asked for enough.
    pub(in crate::nats) fn next_request(&mut self, clock: impl Fn() -> Instant) -> Option<Bytes> {
        self.requests.next(self.pending, clock)
    }

    /// When the consumer is lost, if nothing comes until then. What was asked of a consumer that is
    /// gone by then is lost.
    pub(in crate::nats) fn silent_until(&mut self, clock: impl FnOnce() -> Instant) -> Instant {
        *self.silent_since.get_or_insert_with(clock) + SILENCE
    }

    /// Takes what came; an end if nothing more can come.
    pub(in crate::nats) fn take(&mut self, arrival: Arrival<'_>) -> Result<Taken, End> {
        self.silent_since = None;
        match arrival {
            Arrival::Message(position) => self.take_message(position),
            Arrival::Status { code, text, unserved } => self.take_status(code, text, unserved),
            Arrival::Nothing => Ok(Taken::Nothing),
        }
    }

    fn take_message(&mut self, position: Position) -> Result<Taken, End> {
        if position.consumer != self.delivered + 1 {
            return Err(End::Lost("a message was lost on the way"));
        }
        self.delivered = position.consumer;
        self.pending = position.pending;
        let after_lull = self.requests.may_lull();
        self.requests.came();
        Ok(Taken::Message { position, after_lull })
    }

    fn take_status(&mut self, code: u16, text: &str, unserved: Option<u64>) -> Result<Taken, End> {
        match code {
            ALIVE => Ok(Taken::Alive),
            NO_RESPONDERS => Err(End::Lost("it is gone")),
            CONFLICT if OVER.iter().any(|end| text.contains(end)) => {
                Err(End::Lost("the server has ended it"))
            }
            _ => {
                let refused = "the server refused what it was asked for";
                self.requests.ended(unserved.ok_or(End::Lost(refused))?);
                Ok(Taken::Nothing)
            }
        }
    }
}
