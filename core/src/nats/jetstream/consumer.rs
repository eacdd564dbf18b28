//! A consumer on the server, and the messages it delivers.
//!
//! A reader that stands still holds back its own watch, within bounds of items and bytes, and
//! nothing else (S8).

use super::api::{ConsumerConfig, ConsumerInfo, ConsumerRequest};
use super::bucket::Bucket;
use super::consumers::ConsumerName;
use super::end::End;
use super::message::{Position, Said};
use super::pull_requests::{HEARTBEAT, PullRequests};
use super::reception::{Arrival, Reception, Taken};
use crate::kv::{Footprint, KvError, UpdateKind};
use crate::nats::transport::lane::inbox::Inbox;
use crate::nats::transport::response::Response;
use crate::nats::transport::status::{Denial, State};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as signal;
use tokio::time::{Instant, timeout_at};

/// A consumer that was made for one watch. Dropping it deletes it from the server (S9).
pub(in crate::nats) struct Consumer {
    bucket: Arc<Bucket>,
    name: ConsumerName,
    inbox: Option<Inbox>,
    /// Messages that were taken from the inbox ahead of time.
    come: VecDeque<Delivery>,
    reception: Reception,
    /// True if the consumer pushes, and has to be told to go on.
    is_pushed: bool,
    headers_only: bool,
    status: signal::Receiver<State>,
    epoch: u64,
}

/// Where a consumer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) enum Start {
    /// With the last message of every key.
    State,
    /// After a version.
    After(u64),
}

/// What a consumer is to deliver.
pub(in crate::nats) struct Wanted<'a> {
    pub(in crate::nats) start: Start,
    /// Of which subjects; none is all there are.
    pub(in crate::nats) filters: &'a [String],
    pub(in crate::nats) headers_only: bool,
    /// True if it may push.
    pub(in crate::nats) pushed: bool,
    /// The watch that the consumer is a part of.
    pub(in crate::nats) footprint: Footprint,
}

/// One message of the stream.
pub(in crate::nats) struct Delivery {
    pub(in crate::nats) message: Response,
    pub(in crate::nats) kind: UpdateKind,
    pub(in crate::nats) position: Position,
    /// True if its server may have been without a request for messages just before.
    pub(in crate::nats) after_lull: bool,
}

/// What a server says of a consumer.
pub(in crate::nats) struct Seen {
    /// True if everything it has to deliver was delivered, and has been taken from the inbox.
    pub(in crate::nats) is_read: bool,
    /// The requests for messages that it has.
    pub(in crate::nats) waiting: u64,
}

/// When the server removes a consumer that nobody asks any more.
pub(in crate::nats) const INACTIVE: Duration = Duration::from_secs(30);
/// In a sign of life: whom to tell that what was sent before has been read.
const STALLED: &str = "Nats-Consumer-Stalled";

impl Consumer {
    /// Makes a consumer, which delivers over the lane.
    pub(in crate::nats) async fn make(
        bucket: Arc<Bucket>,
        wanted: Wanted<'_>,
    ) -> Result<Self, KvError> {
        let router = bucket.router();
        let status = router.status();
        let epoch = status.borrow().epoch;
        let unique = bucket.consumers().new_name(&bucket.stream);
        let ConsumerName { stream, name } = &unique;
        let (asked, requests) = if wanted.pushed {
            // A consumer that pushes is told to go on by subjects of its own.
            (format!("$JS.FC.{stream}.{name}."), PullRequests::pushed())
        } else {
            let requests = PullRequests::pulled(router.max_payload())?;
            (format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"), requests)
        };
        let inbox = router.open_inbox(asked.into())?;
        let deliver_subject = wanted.pushed.then(|| inbox.subject().clone());
        let request = ConsumerRequest {
            stream_name: stream,
            config: config(name, &wanted, deliver_subject.as_deref()),
            action: "create",
        };
        let operation = format!("CONSUMER.CREATE.{stream}.{name}");
        bucket.consumers().adopt(unique.clone(), wanted.footprint.clone());
        let mut made = Self {
            inbox: Some(inbox),
            come: VecDeque::new(),
            reception: Reception::new(requests),
            is_pushed: wanted.pushed,
            headers_only: wanted.headers_only,
            status,
            epoch,
            name: unique.clone(),
            bucket: bucket.clone(),
        };
        let info: ConsumerInfo = bucket.jetstream().ask(&operation, &request).await??;
        made.reception.begin(info.num_pending);
        Ok(made)
    }

    /// Messages that were there and not yet read, as of the last thing the server said.
    pub(in crate::nats) fn pending(&self) -> u64 {
        self.reception.pending() + self.come.len() as u64
    }

    /// The consumer's own number of the last message that was taken from the inbox.
    pub(in crate::nats) fn delivered(&self) -> u64 {
        self.reception.delivered()
    }

    /// True if its server may be without a request for messages now.
    pub(in crate::nats) fn may_lull(&self) -> bool {
        self.reception.may_lull()
    }

    /// Notes that its server has so many requests, and that nothing was removed before it had them.
    pub(in crate::nats) fn has(&mut self, waiting: u64) {
        self.reception.has(waiting);
    }

    /// What its server says of it; an end if it is there no more.
    pub(in crate::nats) async fn seen(&self) -> Result<Result<Seen, End>, KvError> {
        let ConsumerName { stream, name } = &self.name;
        let operation = format!("CONSUMER.INFO.{stream}.{name}");
        let info = self.bucket.jetstream().ask(&operation, &serde_json::Map::new()).await?;
        Ok(match info {
            Ok(ConsumerInfo { num_pending, num_waiting, delivered }) => Ok(Seen {
                is_read: num_pending == 0 && delivered.consumer_seq == self.delivered(),
                waiting: num_waiting,
            }),
            Err(_) => Err(End::Lost("it is not there")),
        })
    }

    /// Waits for the next message. Dropping the future loses none.
    pub(in crate::nats) async fn next(&mut self) -> Result<Delivery, End> {
        loop {
            if let Some(delivery) = self.try_next()? {
                return Ok(delivery);
            }
            let silent_until = self.reception.silent_until(Instant::now);
            let message = timeout_at(silent_until, self.wait()).await;
            let message = message.unwrap_or(Err(End::Lost("the server was silent")))?;
            if let Some(delivery) = self.take(message)? {
                return Ok(delivery);
            }
        }
    }

    /// The next message, if it is here already.
    pub(in crate::nats) fn try_next(&mut self) -> Result<Option<Delivery>, End> {
        self.ask_for_more()?;
        if let Some(delivery) = self.come.pop_front() {
            return Ok(Some(delivery));
        }
        self.take_next()
    }

    /// Takes in whatever is here.
    pub(in crate::nats) fn take_in(&mut self) -> Result<(), End> {
        self.ask_for_more()?;
        while let Some(delivery) = self.take_next()? {
            self.come.push_back(delivery);
        }
        Ok(())
    }

    /// Deletes it from the server, and waits until that is done.
    pub(in crate::nats) async fn delete(mut self) {
        self.inbox = None;
        self.bucket.consumers().delete(&self.name).await;
    }

    fn take_next(&mut self) -> Result<Option<Delivery>, End> {
        while let Some(message) = self.ready()? {
            if let Some(delivery) = self.take(message)? {
                return Ok(Some(delivery));
            }
        }
        Ok(None)
    }

    fn ready(&mut self) -> Result<Option<Response>, End> {
        Ok(self.inbox.as_mut().ok_or(End::Closed)?.ready()?)
    }

    async fn wait(&mut self) -> Result<Response, End> {
        let Some(inbox) = &mut self.inbox else { return Err(End::Closed) };
        let (epoch, needs) = (self.epoch, inbox.needs());
        let is_denied = |it: &Denial| needs.iter().any(|needed| **needed == *it.subject);
        let changed = |State { phase, epoch: now, denial }: &State| {
            phase.is_closed() || *now != epoch || denial.as_ref().is_some_and(is_denied)
        };
        tokio::select! {
            biased;
            message = inbox.next() => Ok(message?),
            state = self.status.wait_for(changed) => Err(match state {
                Ok(state) if !state.phase.is_closed() => match &state.denial {
                    Some(denial) if state.epoch == epoch => End::Denied(denial.text.clone()),
                    _ => End::Lost("the connection was made anew"),
                },
                _ => End::Closed,
            }),
        }
    }

    /// Asks the server for messages, if it has not been asked for enough.
    fn ask_for_more(&mut self) -> Result<(), End> {
        let inbox = self.inbox.as_ref().ok_or(End::Closed)?;
        while let Some(request) = self.reception.next_request(Instant::now) {
            inbox.pull(&request)?;
        }
        Ok(())
    }

    fn take(&mut self, message: Response) -> Result<Option<Delivery>, End> {
        match self.reception.take(Arrival::of(&message))? {
            Taken::Message { position, after_lull } => {
                let said = Said::by(&message);
                let kind = if self.headers_only {
                    said.kind_by_size()
                } else {
                    said.kind(message.payload())
                };
                Ok(Some(Delivery { message, kind, position, after_lull }))
            }
            Taken::Alive => self.go_on(&message).map(|()| None),
            Taken::Nothing => Ok(None),
        }
    }

    /// Lets a consumer that pushes go on, if this sign of life of it asks for that: everything that
    /// was sent before it has been read.
    fn go_on(&self, sign: &Response) -> Result<(), End> {
        let inbox = self.inbox.as_ref().ok_or(End::Closed)?;
        let asked = match str::from_utf8(sign.reply()) {
            Ok("") | Err(_) => sign.header(STALLED),
            reply => reply.ok(),
        };
        let Some(to) = asked.filter(|_| self.is_pushed) else { return Ok(()) };
        Ok(inbox.tell(to)?)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let_go(&self.bucket, &self.name, self.inbox.take());
    }
}

/// Deletes a consumer from the server, after `read_by` is dropped, which reads it. Nobody waits for
/// that.
pub(in crate::nats) fn let_go<T>(bucket: &Arc<Bucket>, name: &ConsumerName, read_by: Option<T>) {
    let Ok(runtime) = bucket.connection.runtime() else {
        // A forked child must not touch what the parent's runtime shares with `read_by`.
        std::mem::forget(read_by);
        return;
    };
    drop(read_by);
    let (held, name) = (bucket.clone(), name.clone());
    runtime.spawn(async move { held.consumers().delete(&name).await });
}

pub(in crate::nats) fn config<'a>(
    name: &'a str,
    wanted: &Wanted<'a>,
    deliver_subject: Option<&'a str>,
) -> ConsumerConfig<'a> {
    let (one, many) = match wanted.filters {
        [one] => (Some(one.as_str()), &[][..]),
        many => (None, many),
    };
    let (deliver_policy, opt_start_seq) = match wanted.start {
        // The server gives the last message of every subject only for a filter. Without one, the
        // caller knows that there are no other messages.
        Start::State if wanted.filters.is_empty() => ("all", None),
        Start::State => ("last_per_subject", None),
        Start::After(version) => ("by_start_sequence", Some(version + 1)),
    };
    ConsumerConfig {
        name,
        deliver_policy,
        opt_start_seq,
        ack_policy: "none",
        filter_subject: one,
        filter_subjects: many,
        headers_only: wanted.headers_only,
        mem_storage: true,
        num_replicas: 1,
        inactive_threshold: INACTIVE,
        deliver_subject,
        flow_control: deliver_subject.is_some(),
        idle_heartbeat: deliver_subject.map_or(Duration::ZERO, |_| HEARTBEAT),
    }
}
