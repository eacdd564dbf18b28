//! Writes of a bucket: what each becomes on the wire, and what its answer means.

use crate::kv::{Action, Condition, KvError, UpdateKind, Write, WriteStore, Written};
use crate::nats::jetstream::api::{Acknowledged, PurgeRequest, Refusal};
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::message::{
    DELETE, EMPTY, EXPECTED, OPERATION, PURGE, ROLLUP, ROLLUP_SUBJECT, TTL, VALUE, not_understood,
};
use crate::nats::store::{NatsStore, OpenStore};
use crate::nats::transport::headers::Headers;
use crate::nats::transport::router::ASK_AGAIN;
use async_nats::Subject;
use serde::de::IgnoredAny;
use std::time::Duration;
use tokio::time::sleep;

impl WriteStore for NatsStore {
    async fn write(&self, write: Write<'_>) -> Result<Written, KvError> {
        let store = self.opened()?;
        let key = write.key;
        let version = match write.action {
            Action::Put { value, condition, ttl } => {
                let expected = match condition {
                    Condition::Absent => return store.create_absent(key, value, ttl).await,
                    Condition::Always => None,
                    Condition::Version(expected) => {
                        store.check_unpurged(key, expected).await?;
                        Some(expected)
                    }
                };
                let content = Content::Value(value);
                let message = PublishMessage { key, content, expected, ttl };
                store.publish(message).await??
            }
            Action::Delete { expected } => {
                if let Some(expected) = expected {
                    store.check_unpurged(key, expected).await?;
                }
                store.remove(key, DELETE, expected).await?
            }
            Action::Purge => store.remove(key, PURGE, None).await?,
        };
        Ok(Written::Version(version))
    }
}

/// What a record of the server takes beside its subject, headers and value, in bytes.
const RECORD: usize = 30;

/// One message to be written.
struct PublishMessage<'a> {
    key: &'a str,
    content: Content<'a>,
    expected: Option<u64>,
    ttl: Option<Duration>,
}

/// What a message says of its key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content<'a> {
    Value(&'a [u8]),
    /// A marker of this operation.
    Marker(&'static str),
    /// An empty message without headers, which is a tombstone too (R2).
    Nothing,
}

impl<'a> Content<'a> {
    fn payload(self) -> &'a [u8] {
        match self {
            Self::Value(value) => value,
            Self::Marker(_) | Self::Nothing => &[],
        }
    }
}

/// The answer to a message: the version it was given, or why it was refused.
type Answer = Result<u64, Refusal>;

impl OpenStore<'_> {
    async fn publish(self, message: PublishMessage<'_>) -> Result<Answer, KvError> {
        let bucket = self.bucket;
        let headers = headers(&message);
        let overhead = headers.as_ref().map_or(0, |headers| headers.text().len());
        self.check_size(&message, overhead)?;
        let subject = Subject::from(bucket.subject(message.key));
        loop {
            let asked = bucket.router().ask_once(
                subject.clone(),
                headers.as_ref(),
                message.content.payload(),
            );
            let response = asked.await?;
            if !response.is_no_responders() {
                let answer: Acknowledged = serde_json::from_slice(response.payload())
                    .map_err(|error| not_understood(&format!("an answer to a write: {error}")))?;
                return match (answer.error, answer.seq) {
                    (Some(refusal), _) => Ok(Err(refusal)),
                    (None, Some(version)) => {
                        if message.content != Content::Marker(PURGE) {
                            bucket.known.note_unpurged(version);
                        }
                        Ok(Ok(version))
                    }
                    (None, None) => Err(not_understood("an answer to a write without a version")),
                };
            }
            // Nobody heard of the message.
            Box::pin(bucket.wait_for_server()).await?;
        }
    }

    /// Refuses what the server would cut the connection for (W7).
    fn check_size(self, message: &PublishMessage<'_>, overhead: usize) -> Result<(), KvError> {
        let Bucket { known, subjects, .. } = &**self.bucket;
        let value = message.content.payload().len();
        let record = RECORD + subjects.len() + message.key.len() + overhead + value;
        if let Some(room) = known.max_record().filter(|&room| record > room && value > 0) {
            // The server would take it, and remove everything else and itself (discard old).
            return Err(KvError::LimitExceeded(format!(
                "a value of {value} bytes does not fit into the store, which has room for {room} \
                 with keys and headers"
            )));
        }
        let max_payload = self.bucket.router().max_payload();
        let limit = known.max_message().map_or(max_payload, |it| it.min(max_payload));
        if value + overhead <= limit {
            return Ok(());
        }
        Err(KvError::LimitExceeded(format!(
            "a value of {value} bytes is over the limit of {}, which the server announces as {limit} \
             with headers",
            limit.saturating_sub(overhead)
        )))
    }

    /// Creates over whatever is no live value, however often that changes meanwhile (W1).
    async fn create_absent(
        self,
        key: &str,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<Written, KvError> {
        let mut expected = 0;
        loop {
            let content = Content::Value(value);
            let message = PublishMessage { key, content, expected: Some(expected), ttl };
            match self.publish(message).await? {
                Ok(version) => return Ok(Written::Version(version)),
                Err(refusal) if refusal.is_conflict() => {}
                Err(refusal) => return Err(refusal.into()),
            }
            // The leader is asked, since another server may not have what it conflicted with.
            let last = Box::pin(self.last_by_leader(key)).await?;
            if last.as_ref().is_some_and(|last| last.kind == UpdateKind::Put) {
                return Err(KvError::AlreadyExists);
            }
            let version = last.map_or(0, |last| last.version);
            if version == expected {
                // It conflicted with a write that the cluster has not agreed on yet.
                sleep(ASK_AGAIN).await;
            }
            expected = version;
        }
    }

    /// Removes a key by a marker; the version of what is left of it. In a full store there may be no
    /// room for a marker, since it can be larger than what it removes: an empty message never is
    /// (W7).
    async fn remove(
        self,
        key: &str,
        operation: &'static str,
        expected: Option<u64>,
    ) -> Result<u64, KvError> {
        let message = |content| PublishMessage { key, content, expected, ttl: None };
        let marker = message(Content::Marker(operation));
        match self.publish(marker).await? {
            Err(refusal) if refusal.is_full() => {}
            answer => return Ok(answer?),
        }
        match self.publish(message(Content::Nothing)).await? {
            // With more history it takes room in addition to what it removes.
            Err(refusal) if refusal.is_full() && expected.is_none() => {}
            answer => return Ok(answer?),
        }
        let subject = self.bucket.subject(key);
        let operation = format!("STREAM.PURGE.{}", self.bucket.stream);
        let request = PurgeRequest { filter: &subject };
        let purged: Result<IgnoredAny, Refusal> =
            self.bucket.jetstream().ask_once(&operation, &request).await?;
        purged?;
        let told = match self.publish(message(Content::Nothing)).await {
            Ok(Ok(version)) => return Ok(version),
            Ok(Err(refusal)) => refusal.into(),
            Err(error) => error,
        };
        // The key is gone, so this is no failure that changed nothing (W9).
        Err(KvError::ConnectionFailed(format!(
            "the key was removed and no mark of it left: {told}"
        )))
    }

    /// Refuses the version of a purge: a purged key is at no version (W2), which the server does
    /// not know.
    async fn check_unpurged(self, key: &str, expected: u64) -> Result<(), KvError> {
        if self.bucket.known.is_unpurged(expected) {
            return Ok(());
        }
        let last = Box::pin(self.last_by_leader(key)).await?;
        match last.filter(|last| last.version == expected) {
            Some(last) if !matches!(last.kind, UpdateKind::Purge(_)) => Ok(()),
            _ => Err(KvError::RevisionMismatch),
        }
    }
}

fn headers(message: &PublishMessage<'_>) -> Option<Headers> {
    let mut headers = Vec::new();
    match message.content {
        Content::Value([]) => headers.push((VALUE, EMPTY.to_owned())),
        Content::Value(_) | Content::Nothing => {}
        Content::Marker(operation) => headers.push((OPERATION, operation.to_owned())),
    }
    if message.content == Content::Marker(PURGE) {
        headers.push((ROLLUP, ROLLUP_SUBJECT.to_owned()));
    }
    headers.extend(message.expected.map(|expected| (EXPECTED, expected.to_string())));
    headers.extend(message.ttl.map(|ttl| (TTL, seconds(ttl).to_string())));
    Headers::of(headers)
}

/// A time to live as the server counts it: in whole seconds, so that it is rounded up (W5).
fn seconds(ttl: Duration) -> u64 {
    let whole = ttl.as_secs();
    if ttl.subsec_nanos() > 0 { whole.saturating_add(1) } else { whole.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w5_a_time_to_live_is_rounded_up_to_seconds() {
        for (millis, expected) in [(1, 1), (999, 1), (1000, 1), (1001, 2), (90_000, 90)] {
            assert_eq!(seconds(Duration::from_millis(millis)), expected);
        }
    }
}
