//! A consumer on the server, and the messages it delivers.
//!
//! A reader that stands still holds back its own watch, within bounds of items and bytes, and
//! nothing else (S8).

use super::api::{ConsumerConfig, ConsumerInfo, ConsumerRequest};
use super::bucket::Bucket;
use super::message::{Position, unserved};
use super::pull_requests::{HEARTBEAT, PullRequests, SILENCE};
use crate::kv::{KvError, UpdateKind};
use crate::nats::transport::events::Status;
use crate::nats::transport::inbox::Inbox;
use crate::nats::transport::link::ConsumerName;
use crate::nats::transport::response::{NO_RESPONDERS, Response};
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
    /// What was taken from the inbox before it was wanted.
    come: VecDeque<Delivery>,
    flow: PullRequests,
    headers_only: bool,
    made: Instant,
    /// Since when nothing at all has come from its server, while somebody waited. It is one clock,
    /// whoever waits and however often that is given up.
    silent_since: Option<Instant>,
    /// The consumer's own number of the last message, which shows a lost one.
    delivered: u64,
    pending: u64,
    status: signal::Receiver<Status>,
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
    /// Whether it may push.
    pub(in crate::nats) pushed: bool,
}

/// One message of the stream.
pub(in crate::nats) struct Delivery {
    pub(in crate::nats) message: Response,
    pub(in crate::nats) kind: UpdateKind,
    pub(in crate::nats) position: Position,
    /// Whether its server may have been without a request for messages just before.
    pub(in crate::nats) after_lull: bool,
}

/// What a server says of a consumer.
pub(in crate::nats) struct Seen {
    /// Whether everything it has to deliver was delivered, and has been taken from the inbox.
    pub(in crate::nats) is_read: bool,
    /// The requests for messages that it has.
    pub(in crate::nats) waiting: u64,
}

/// Why nothing more comes from a consumer.
#[derive(Debug)]
pub(in crate::nats) enum End {
    /// It has to be made anew, after the last message that was delivered.
    Lost(&'static str),
    /// The server refuses it to this user.
    Denied(String),
    /// The connection was closed.
    Closed,
}

/// When the server removes a consumer that nobody asks any more.
pub(in crate::nats) const INACTIVE: Duration = Duration::from_secs(30);

impl Consumer {
    /// Makes a consumer, which delivers over the lane.
    pub(in crate::nats) async fn make(
        bucket: Arc<Bucket>,
        wanted: Wanted<'_>,
    ) -> Result<Self, KvError> {
        let link = bucket.link.clone();
        let status = link.status();
        let epoch = status.borrow().epoch;
        let unique = ConsumerName::new(&bucket);
        let ConsumerName { stream, name } = &unique;
        let (asked, flow) = if wanted.pushed {
            // What is told a consumer that pushes goes to subjects of its own.
            (format!("$JS.FC.{stream}.{name}."), PullRequests::pushed())
        } else {
            let flow = PullRequests::pulled(link.max_payload())?;
            (format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"), flow)
        };
        let inbox = Inbox::open(&link, asked.into())?;
        let deliver_subject = flow.is_pushed().then(|| inbox.subject().clone());
        let request = ConsumerRequest {
            stream_name: stream,
            config: config(name, &wanted, deliver_subject.as_deref()),
            action: "create",
        };
        let operation = format!("CONSUMER.CREATE.{stream}.{name}");
        link.adopt(unique.clone());
        let mut made = Self {
            inbox: Some(inbox),
            come: VecDeque::new(),
            flow,
            headers_only: wanted.headers_only,
            made: Instant::now(),
            silent_since: None,
            delivered: 0,
            pending: 0,
            status,
            epoch,
            name: unique.clone(),
            bucket: bucket.clone(),
        };
        let info: ConsumerInfo = link.api(&operation, &request).await??;
        made.pending = info.num_pending;
        Ok(made)
    }

    /// Messages that were there and not yet read, as of the last thing the server said.
    pub(in crate::nats) fn pending(&self) -> u64 {
        self.pending + self.come.len() as u64
    }

    /// The consumer's own number of the last message that was taken from the inbox.
    pub(in crate::nats) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// How long ago it was made.
    pub(in crate::nats) fn age(&self) -> Duration {
        self.made.elapsed()
    }

    /// Whether its server may be without a request for messages now.
    pub(in crate::nats) fn may_lull(&self) -> bool {
        self.flow.may_lull()
    }

    /// Notes that its server has so many requests, and that nothing was removed before it had them.
    pub(in crate::nats) fn has(&mut self, waiting: u64) {
        self.flow.has(waiting);
    }

    /// What its server says of it; an end if it is there no more.
    pub(in crate::nats) async fn seen(&self) -> Result<Result<Seen, End>, KvError> {
        let ConsumerName { stream, name } = &self.name;
        let operation = format!("CONSUMER.INFO.{stream}.{name}");
        let info = self.bucket.link.api(&operation, &serde_json::Map::new()).await?;
        Ok(match info {
            Ok(ConsumerInfo { num_pending, num_waiting, delivered }) => Ok(Seen {
                is_read: num_pending == 0 && delivered.consumer_seq == self.delivered,
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
            let silent_since = *self.silent_since.get_or_insert_with(Instant::now);
            // What is asked of a consumer that is gone by then is lost.
            let message = timeout_at(silent_since + SILENCE, self.wait()).await;
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

    /// Takes in whatever is here, and says what the last of it was, by the consumer's number.
    pub(in crate::nats) fn take_in(&mut self) -> Result<u64, End> {
        self.ask_for_more()?;
        while let Some(delivery) = self.take_next()? {
            self.come.push_back(delivery);
        }
        Ok(self.delivered)
    }

    /// Deletes it from the server, and waits until that is done.
    pub(in crate::nats) async fn delete(mut self) {
        self.inbox = None;
        self.bucket.link.delete_consumer(&self.name).await;
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
        self.inbox.as_mut().ok_or(End::Closed)?.ready()
    }

    async fn wait(&mut self) -> Result<Response, End> {
        let Some(inbox) = &mut self.inbox else { return Err(End::Closed) };
        let (epoch, needs) = (self.epoch, inbox.needs());
        let is_denied = |(denied, _): &(String, String)| needs.iter().any(|it| **it == **denied);
        let changed = |status: &Status| {
            status.closed || status.epoch != epoch || status.denied.as_ref().is_some_and(is_denied)
        };
        tokio::select! {
            biased;
            message = inbox.next() => message,
            status = self.status.wait_for(changed) => Err(match status {
                Ok(status) if !status.closed => match &status.denied {
                    Some((_, text)) if status.epoch == epoch => End::Denied(text.clone()),
                    _ => End::Lost("the connection was made anew"),
                },
                _ => End::Closed,
            }),
        }
    }

    /// Asks the server for messages, if it has not been asked for enough.
    fn ask_for_more(&mut self) -> Result<(), End> {
        let inbox = self.inbox.as_ref().ok_or(End::Closed)?;
        self.flow.ask_for_more(inbox, self.pending)
    }

    fn take(&mut self, message: Response) -> Result<Option<Delivery>, End> {
        self.silent_since = None;
        // What was stored may look like a status, but only it has a position.
        let Some(position) = Position::parse(message.reply()) else {
            let status = message.status();
            return status.map_or(Ok(()), |it| self.take_status(it, &message)).map(|()| None);
        };
        if position.consumer != self.delivered + 1 {
            return Err(End::Lost("a message was lost on the way"));
        }
        self.delivered = position.consumer;
        self.pending = position.pending;
        let after_lull = self.flow.may_lull();
        self.flow.came();
        let said = message.said();
        let kind =
            if self.headers_only { said.kind_by_size() } else { said.kind(message.payload()) };
        Ok(Some(Delivery { message, kind, position, after_lull }))
    }

    fn take_status(&mut self, status: u16, message: &Response) -> Result<(), End> {
        const ALIVE: u16 = 100;
        const CONFLICT: u16 = 409;
        let text = message.description();
        // The end of a request, unless it is the end of the consumer.
        let over = ["Consumer Deleted", "Leadership Change", "Server Shutdown", "Consumer is push"];
        match status {
            ALIVE => {
                let inbox = self.inbox.as_ref().ok_or(End::Closed)?;
                self.flow.go_on(inbox, message)?;
            }
            NO_RESPONDERS => return Err(End::Lost("it is gone")),
            CONFLICT if over.iter().any(|end| text.contains(end)) => {
                return Err(End::Lost("the server has ended it"));
            }
            _ => match unserved(message) {
                Some(unserved) => self.flow.ended(unserved),
                None => return Err(End::Lost("the server refused what it was asked for")),
            },
        }
        Ok(())
    }
}

impl ConsumerName {
    /// A name nobody else has.
    pub(in crate::nats) fn new(bucket: &Bucket) -> Self {
        let unique = bucket.link.new_inbox();
        let unique = unique.rsplit('.').next().unwrap_or_default();
        let name = format!("slipstream_{}_{unique}", std::process::id());
        Self { stream: bucket.stream.clone(), name }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let_go(&self.bucket, &self.name, self.inbox.take());
    }
}

/// Deletes a consumer from the server once what it was read by is dropped. Nobody waits for that.
pub(in crate::nats) fn let_go<T>(bucket: &Arc<Bucket>, name: &ConsumerName, read_by: Option<T>) {
    if !bucket.link.is_ours() {
        // What its parent's runtime shares with it must not be touched in a forked child.
        std::mem::forget(read_by);
        return;
    }
    drop(read_by);
    let (held, name) = (bucket.clone(), name.clone());
    bucket.link.runtime().spawn(async move { held.link.delete_consumer(&name).await });
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
        // The server takes the last message of every subject only of a filter. Without one it is
        // asked by who knows that there is no other.
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
