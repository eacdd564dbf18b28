//! A consumer on the server, and the messages it delivers.
//!
//! It is pulled: the server sends no more than was asked for, so a reader that stands still holds
//! back its own watch, within bounds of items and bytes, and nothing else (S8).

use super::api::{ConsumerConfig, ConsumerInfo, ConsumerRequest, PullRequest};
use super::bucket::Bucket;
use super::events::Status;
use super::inbox::Inbox;
use super::link::ConsumerName;
use super::message::{Position, unserved};
use super::response::{NO_RESPONDERS, Response};
use crate::kv::KvError;
use async_nats::Subject;
use bytes::Bytes;
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as signal;
use tokio::time::timeout;

/// A consumer that was made for one watch. Dropping it deletes it from the server (S9).
pub(super) struct Consumer {
    bucket: Arc<Bucket>,
    name: ConsumerName,
    inbox: Option<Inbox>,
    /// Messages the server may still send without being asked again.
    credit: usize,
    starved: bool,
    /// The consumer's own number of the last message, which shows a lost one.
    delivered: u64,
    pending: u64,
    pull: Bytes,
    pull_to: Subject,
    status: signal::Receiver<Status>,
    epoch: u64,
}

/// Where a consumer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// With the last message of every key.
    State,
    /// After a version.
    After(u64),
}

/// One message of the stream.
pub(super) struct Delivery {
    pub(super) message: Response,
    pub(super) position: Position,
}

/// Why nothing more comes from a consumer.
#[derive(Debug)]
pub(super) enum End {
    /// It has to be made anew, after the last message that was delivered.
    Lost(&'static str),
    /// The server refuses it to this user.
    Denied(String),
    /// The connection was closed.
    Closed,
}

/// Messages asked for at once.
const BATCH: usize = 1024;
/// Requests under way while there is much to read, and while there is not.
const AHEAD: usize = 8;
const AHEAD_WHEN_IDLE: usize = 2;
/// Bytes one request may be answered with, beyond the largest message there can be.
const BATCH_BYTES: usize = 1 << 20;
const OVERHEAD: usize = 64 << 10;
const EXPIRES: Duration = Duration::from_secs(120);
const HEARTBEAT: Duration = Duration::from_secs(3);
/// A server that was silent for this long has forgotten what it was asked for.
const SILENCE: Duration = Duration::from_secs(8);
/// When the server removes a consumer that nobody asks any more.
pub(super) const INACTIVE: Duration = Duration::from_secs(30);

impl Consumer {
    /// Makes a consumer for these filters.
    pub(super) async fn make(
        bucket: Arc<Bucket>,
        start: Start,
        filters: &[String],
        headers_only: bool,
    ) -> Result<Self, KvError> {
        let link = bucket.link.clone();
        let status = link.status();
        let epoch = status.borrow().epoch;
        let unique = link.client().new_inbox();
        let unique = unique.rsplit('.').next().unwrap_or_default();
        let name = format!("slipstream_{}_{unique}", std::process::id());
        let pull_to = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{name}", bucket.stream);
        let pull_to = Subject::from(pull_to);
        let inbox = Inbox::open(&link, pull_to.clone()).await?;
        let name = ConsumerName { stream: bucket.stream.clone(), name };
        let ConsumerName { stream, name: consumer } = &name;
        let pull = PullRequest {
            batch: BATCH,
            max_bytes: BATCH_BYTES.max(link.max_payload()) + OVERHEAD,
            expires: EXPIRES,
            idle_heartbeat: HEARTBEAT,
        };
        let pull = serde_json::to_vec(&pull)
            .map_err(|error| KvError::SerializationError(error.to_string()))?;
        let mut made = Self {
            inbox: Some(inbox),
            credit: 0,
            starved: false,
            delivered: 0,
            pending: 0,
            pull: pull.into(),
            pull_to,
            status,
            epoch,
            name: name.clone(),
            bucket: bucket.clone(),
        };
        let request = ConsumerRequest {
            stream_name: stream,
            config: config(consumer, start, filters, headers_only),
            action: "create",
        };
        link.adopt(name.clone());
        let operation = format!("CONSUMER.CREATE.{stream}.{consumer}");
        let info: ConsumerInfo = link.api(&operation, &request).await??;
        made.pending = info.num_pending;
        Ok(made)
    }

    /// Messages that were there and not yet delivered, as of the last thing the server said.
    pub(super) fn pending(&self) -> u64 {
        self.pending
    }

    /// Whether there was a time since [`feed`](Self::feed) when the server had not been asked for
    /// anything, and so kept what came to itself.
    pub(super) fn was_starved(&self) -> bool {
        self.starved
    }

    /// Forgets that it was starved.
    pub(super) fn feed(&mut self) {
        self.starved = false;
    }

    /// Whether everything it has to deliver has come, as the server says.
    pub(super) async fn is_read(&self) -> Result<bool, KvError> {
        let ConsumerName { stream, name } = &self.name;
        let operation = format!("CONSUMER.INFO.{stream}.{name}");
        let info = self.bucket.link.api(&operation, &serde_json::Map::new()).await?;
        // One that is gone is noticed by whoever reads it.
        let info: Option<ConsumerInfo> = info.ok();
        Ok(info
            .is_some_and(|it| it.num_pending == 0 && it.delivered.consumer_seq == self.delivered))
    }

    /// Waits for the next message. Dropping the future loses none.
    pub(super) async fn next(&mut self) -> Result<Delivery, End> {
        loop {
            self.ask_for_more().await?;
            let message = match self.ready()? {
                Some(message) => message,
                None => self.wait().await?,
            };
            if let Some(delivery) = self.take(message)? {
                return Ok(delivery);
            }
        }
    }

    /// The next message, if it is here already.
    pub(super) fn try_next(&mut self) -> Result<Option<Delivery>, End> {
        // As far as that needs no waiting: what is asked too late is asked by `next`.
        if let Some(Err(end)) = self.ask_for_more().now_or_never() {
            return Err(end);
        }
        while let Some(message) = self.ready()? {
            if let Some(delivery) = self.take(message)? {
                return Ok(Some(delivery));
            }
        }
        Ok(None)
    }

    /// Deletes it from the server, and waits until that is done.
    pub(super) async fn delete(mut self) {
        self.inbox = None;
        self.bucket.link.delete_consumer(&self.name).await;
    }

    fn ready(&mut self) -> Result<Option<Response>, End> {
        self.inbox.as_mut().ok_or(End::Closed)?.ready()
    }

    async fn wait(&mut self) -> Result<Response, End> {
        let Some(inbox) = &mut self.inbox else { return Err(End::Closed) };
        let (epoch, subject, pull_to) = (self.epoch, inbox.subject().clone(), &self.pull_to);
        let changed = |status: &Status| {
            status.closed
                || status.epoch != epoch
                || status
                    .denied
                    .as_ref()
                    .is_some_and(|(denied, _)| **denied == *subject || **denied == **pull_to)
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
            () = tokio::time::sleep(SILENCE) => Err(End::Lost("the server was silent")),
        }
    }

    /// Asks the server for messages, if it has not been asked for enough.
    pub(super) async fn ask_for_more(&mut self) -> Result<(), End> {
        let ahead = if self.pending > BATCH as u64 { AHEAD } else { AHEAD_WHEN_IDLE };
        let Some(inbox) = &self.inbox else { return Err(End::Closed) };
        while self.credit + BATCH <= ahead * BATCH {
            // Nobody is there to ask while the connection is down, and what is asked of a consumer
            // that is gone by then is lost.
            let asked = inbox.pull(self.pull_to.clone(), self.pull.clone());
            match timeout(SILENCE, asked).await {
                Ok(asked) => asked.map(|()| self.credit += BATCH)?,
                Err(_) => return Err(End::Lost("the connection is down")),
            }
        }
        Ok(())
    }

    fn take(&mut self, message: Response) -> Result<Option<Delivery>, End> {
        if let Some(status) = message.status() {
            return self.take_status(status, &message).map(|()| None);
        }
        let Some(position) = Position::parse(message.reply()) else { return Ok(None) };
        if position.consumer != self.delivered + 1 {
            return Err(End::Lost("a message was lost on the way"));
        }
        self.delivered = position.consumer;
        self.pending = position.pending;
        self.spend(1);
        Ok(Some(Delivery { message, position }))
    }

    fn spend(&mut self, credit: usize) {
        self.credit = self.credit.saturating_sub(credit);
        self.starved |= self.credit == 0;
    }

    fn take_status(&mut self, status: u16, message: &Response) -> Result<(), End> {
        const HEARTBEAT: u16 = 100;
        const CONFLICT: u16 = 409;
        let text = message.description();
        // The end of a request, unless it is the end of the consumer.
        let over = ["Consumer Deleted", "Leadership Change", "Server Shutdown", "Consumer is push"];
        match status {
            HEARTBEAT => {}
            NO_RESPONDERS => return Err(End::Lost("it is gone")),
            CONFLICT if over.iter().any(|end| text.contains(end)) => {
                return Err(End::Lost("the server has ended it"));
            }
            _ => {
                let unserved = unserved(message).and_then(|count| usize::try_from(count).ok());
                self.spend(unserved.unwrap_or(BATCH));
            }
        }
        Ok(())
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let link = &self.bucket.link;
        if !link.is_ours() {
            // What its parent's runtime shares with it must not be touched in a forked child.
            std::mem::forget(self.inbox.take());
            return;
        }
        self.inbox = None;
        let (bucket, name) = (self.bucket.clone(), self.name.clone());
        link.runtime().spawn(async move { bucket.link.delete_consumer(&name).await });
    }
}

fn config<'a>(
    name: &'a str,
    start: Start,
    filters: &'a [String],
    headers_only: bool,
) -> ConsumerConfig<'a> {
    let (one, many) = match filters {
        [one] => (Some(one.as_str()), &[][..]),
        many => (None, many),
    };
    let (deliver_policy, opt_start_seq) = match start {
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
        headers_only,
        mem_storage: true,
        num_replicas: 1,
        inactive_threshold: INACTIVE,
    }
}
