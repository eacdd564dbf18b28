//! The reader of the model: a reception, and the messages that have come to it.

use super::server::{Meaning, Request, Sent};
use crate::kv::UpdateKind;
use crate::nats::jetstream::consumer::Delivery;
use crate::nats::jetstream::end::End;
use crate::nats::jetstream::pull_requests::{PullRequests, SILENCE};
use crate::nats::jetstream::reception::{Arrival, Reception, Taken};
use crate::nats::transport::response::{Response, StoredMessage};
use crate::nats::watch::event::Intake;
use bytes::Bytes;
use std::collections::VecDeque;
use tokio::time::Instant;

/// What is read from one consumer.
pub(super) struct Reader {
    pub(super) reception: Reception,
    /// What came to the inbox.
    pub(super) inbox: VecDeque<Item>,
    /// What was taken from the inbox before it was wanted.
    come: VecDeque<Delivery>,
    /// Requests on their way to the server.
    pub(super) asked: VecDeque<Request>,
    /// When something came last.
    heard: Option<Instant>,
    /// What the reception did wrong.
    pub(super) fault: Option<String>,
}

/// What comes to an inbox.
pub(super) enum Item {
    Sent(Sent),
    /// Nothing more comes.
    End(End),
}

const MAX_PAYLOAD: usize = 1 << 20;

impl Reader {
    pub(super) fn new(pending: u64) -> Self {
        let requests = PullRequests::pulled(MAX_PAYLOAD).expect("requests are encoded");
        let mut reception = Reception::new(requests);
        reception.begin(pending);
        Self {
            reception,
            inbox: VecDeque::new(),
            come: VecDeque::new(),
            asked: VecDeque::new(),
            heard: None,
            fault: None,
        }
    }

    pub(super) fn intake(&self) -> Intake {
        Intake {
            pending: self.reception.pending() + self.come.len() as u64,
            delivered: self.reception.delivered(),
            may_lull: self.reception.may_lull(),
        }
    }

    /// The next message, if it is here already.
    pub(super) fn try_next(&mut self, now: Instant, at: u64) -> Result<Option<Delivery>, End> {
        self.ask_for_more(now, at);
        match self.come.pop_front() {
            Some(message) => Ok(Some(message)),
            None => self.take_next(now),
        }
    }

    /// Takes in whatever is here.
    pub(super) fn take_in(&mut self, now: Instant, at: u64) -> Result<(), End> {
        self.ask_for_more(now, at);
        while let Some(message) = self.take_next(now)? {
            self.come.push_back(message);
        }
        Ok(())
    }

    /// True if the server was silent for so long that it has forgotten what it was asked for.
    pub(super) fn is_silent(&mut self, now: Instant) -> bool {
        let is_silent = now >= self.reception.silent_until(|| now);
        if is_silent && self.heard.is_some_and(|heard| now - heard < SILENCE) {
            self.fault = Some("a server counts as silent that was not".into());
        }
        is_silent
    }

    fn take_next(&mut self, now: Instant) -> Result<Option<Delivery>, End> {
        while let Some(item) = self.inbox.pop_front() {
            self.heard = Some(now);
            let arrival = match item {
                Item::End(end) => return Err(end),
                Item::Sent(Sent::Message(position)) => Arrival::Message(position),
                Item::Sent(Sent::Status(status)) => Arrival::Status {
                    code: status.code,
                    text: status.text,
                    unserved: status.unserved,
                },
            };
            let taken = self.reception.take(arrival);
            if let Item::Sent(Sent::Status(status)) = item
                && taken.is_err() != (status.meaning == Meaning::Ends)
            {
                self.fault = Some(format!("{status:?} is taken as {taken:?}"));
            }
            if let Taken::Message { position, after_lull } = taken? {
                let (kind, message) = (UpdateKind::Put, message());
                return Ok(Some(Delivery { message, kind, position, after_lull }));
            }
        }
        Ok(None)
    }

    fn ask_for_more(&mut self, now: Instant, at: u64) {
        while let Some(request) = self.reception.next_request(|| now) {
            let expires = at + if is_shorter(&request) { 60_000 } else { 120_000 };
            self.asked.push_back(Request { left: 1024, expires });
        }
    }
}

fn is_shorter(request: &Bytes) -> bool {
    str::from_utf8(request).is_ok_and(|it| it.contains("\"expires\":60000000000"))
}

fn message() -> Response {
    let (subject, headers, payload) = (String::new(), Bytes::new(), Bytes::new());
    Response::Stored(Box::new(StoredMessage { subject, headers, payload }))
}
