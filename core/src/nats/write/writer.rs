use crate::key::check_key;
use crate::kv::{KvError, KvPurge, KvTtl, KvWriter, UpdateKind, VersionToken, check_duration};
use crate::nats::jetstream::api::{Acknowledged, PurgeRequest, Refusal};
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::message::{
    DELETE, EXPECTED, OPERATION, PURGE, ROLLUP, ROLLUP_SUBJECT, TTL, not_understood,
};
use crate::nats::store::NatsStore;
use crate::nats::transport::headers::Headers;
use crate::nats::transport::link::ASK_AGAIN;
use async_nats::Subject;
use async_trait::async_trait;
use serde::de::IgnoredAny;
use std::time::Duration;
use tokio::time::sleep;

/// What a record of the server takes beside its subject, headers and value, in bytes.
const RECORD: usize = 30;

/// One message to be written.
struct Write<'a> {
    key: &'a str,
    value: &'a [u8],
    operation: Option<&'static str>,
    expected: Option<u64>,
    ttl: Option<Duration>,
}

/// A write that was answered.
type Answer = Result<VersionToken, Refusal>;

impl NatsStore {
    async fn write(&self, write: Write<'_>) -> Result<Answer, KvError> {
        check_key(write.key)?;
        let bucket = &self.bucket;
        bucket.link.check_open()?;
        let headers = headers(&write);
        let overhead = headers.as_ref().map_or(0, |headers| headers.text().len());
        self.check_size(&write, overhead)?;
        let subject = Subject::from(bucket.subject(write.key));
        loop {
            let asked = bucket.link.ask_once(subject.clone(), headers.as_ref(), write.value);
            let response = asked.await?;
            if !response.is_no_responders() {
                let answer: Acknowledged = serde_json::from_slice(response.payload())
                    .map_err(|error| not_understood(&format!("an answer to a write: {error}")))?;
                return match (answer.error, answer.seq) {
                    (Some(refusal), _) => Ok(Err(refusal)),
                    (None, Some(version)) => {
                        if write.operation != Some(PURGE) {
                            bucket.unpurged_versions.add(version);
                        }
                        Ok(Ok(VersionToken::from_u64(version)))
                    }
                    (None, None) => Err(not_understood("an answer to a write without a version")),
                };
            }
            // Nobody heard of the write.
            Box::pin(bucket.wait_for_server()).await?;
        }
    }

    /// Refuses what the server would cut the connection for (W7).
    fn check_size(&self, write: &Write<'_>, overhead: usize) -> Result<(), KvError> {
        let Bucket { max_message, max_bytes, subjects, link, .. } = &*self.bucket;
        let value = write.value.len();
        let record = RECORD + subjects.len() + write.key.len() + overhead + value;
        if let Some(room) = max_bytes.filter(|&room| record > room && value > 0) {
            // The server would take it, and remove everything else and itself (discard old).
            return Err(KvError::LimitExceeded(format!(
                "a value of {value} bytes does not fit into the store, which has room for {room} \
                 with keys and headers"
            )));
        }
        let limit = max_message.map_or(link.max_payload(), |it| it.min(link.max_payload()));
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
    async fn create_for(
        &self,
        key: &str,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<VersionToken, KvError> {
        let mut expected = 0;
        loop {
            let write = Write { key, value, operation: None, expected: Some(expected), ttl };
            match self.write(write).await? {
                Ok(version) => return Ok(version),
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

    /// Removes a key by a marker. In a full store there may be no room for one, since it can be
    /// larger than what it removes: an empty value, which is a tombstone too (R2), never is (W7).
    async fn remove(
        &self,
        key: &str,
        operation: &'static str,
        expected: Option<u64>,
    ) -> Result<(), KvError> {
        let marker = Write { key, value: &[], operation: Some(operation), expected, ttl: None };
        match self.write(marker).await? {
            Err(refusal) if refusal.is_full() => {}
            answer => return Ok(answer.map(|_| ())?),
        }
        let tombstone = || Write { key, value: &[], operation: None, expected, ttl: None };
        match self.write(tombstone()).await? {
            // With more history it takes room in addition to what it removes.
            Err(refusal) if refusal.is_full() && expected.is_none() => {}
            answer => return Ok(answer.map(|_| ())?),
        }
        let subject = self.bucket.subject(key);
        let operation = format!("STREAM.PURGE.{}", self.bucket.stream);
        let request = PurgeRequest { filter: &subject };
        let purged: Result<IgnoredAny, Refusal> =
            self.bucket.link.api_once(&operation, &request).await?;
        purged?;
        let told = match self.write(tombstone()).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(refusal)) => refusal.into(),
            Err(error) => error,
        };
        // The key is gone, so this is no failure that changed nothing (W9).
        Err(KvError::ConnectionFailed(format!(
            "the key was removed and no mark of it left: {told}"
        )))
    }

    async fn update_for(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
        ttl: Option<Duration>,
    ) -> Result<VersionToken, KvError> {
        let expected = Some(self.visible(key, expected).await?);
        Ok(self.write(Write { key, value, operation: None, expected, ttl }).await??)
    }

    /// The revision that a caller expects, if it is not one of a purge: a purged key is at none
    /// (W2), which the server does not know.
    async fn visible(&self, key: &str, expected: &VersionToken) -> Result<u64, KvError> {
        let expected = revision(expected)?;
        if !self.bucket.unpurged_versions.has(expected) {
            let last = Box::pin(self.last_by_leader(key)).await?;
            let last = last.filter(|last| last.version == expected);
            if last.is_none_or(|last| last.kind == UpdateKind::Purge) {
                return Err(KvError::RevisionMismatch);
            }
        }
        Ok(expected)
    }
}

#[async_trait]
impl KvWriter for NatsStore {
    async fn put(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        let write = Write { key, value, operation: None, expected: None, ttl: None };
        Ok(self.write(write).await??)
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.remove(key, DELETE, None).await.map(|()| true)
    }

    async fn create(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        self.create_for(key, value, None).await
    }

    async fn update(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
    ) -> Result<VersionToken, KvError> {
        self.update_for(key, value, expected, None).await
    }

    async fn delete_with_version(
        &self,
        key: &str,
        expected: &VersionToken,
    ) -> Result<bool, KvError> {
        let expected = Some(self.visible(key, expected).await?);
        self.remove(key, DELETE, expected).await.map(|()| true)
    }
}

#[async_trait]
impl KvTtl for NatsStore {
    async fn put_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        check_duration("ttl", ttl)?;
        let write = Write { key, value, operation: None, expected: None, ttl: Some(ttl) };
        Ok(self.write(write).await??)
    }

    async fn create_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        check_duration("ttl", ttl)?;
        self.create_for(key, value, Some(ttl)).await
    }

    async fn update_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        check_duration("ttl", ttl)?;
        self.update_for(key, value, expected, Some(ttl)).await
    }
}

#[async_trait]
impl KvPurge for NatsStore {
    async fn purge(&self, key: &str) -> Result<(), KvError> {
        self.remove(key, PURGE, None).await
    }
}

/// The revision of a token that a caller expects (V5). Zero is nobody's version, and would create
/// the key (W2).
fn revision(expected: &VersionToken) -> Result<u64, KvError> {
    match expected.revision()? {
        0 => Err(KvError::RevisionMismatch),
        revision => Ok(revision),
    }
}

fn headers(write: &Write<'_>) -> Option<Headers> {
    let mut headers = Vec::new();
    if let Some(operation) = write.operation {
        headers.push((OPERATION, operation.to_owned()));
        if operation == PURGE {
            headers.push((ROLLUP, ROLLUP_SUBJECT.to_owned()));
        }
    }
    headers.extend(write.expected.map(|expected| (EXPECTED, expected.to_string())));
    headers.extend(write.ttl.map(|ttl| (TTL, seconds(ttl).to_string())));
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

    #[test]
    fn v5_only_revisions_are_expected() {
        assert_eq!(revision(&VersionToken::from_u64(0)), Err(KvError::RevisionMismatch));
        assert_eq!(revision(&VersionToken::from_u64(7)), Ok(7));
        for token in [VersionToken::unknown(), VersionToken::from_bytes(&[0; 10]).unwrap()] {
            assert_eq!(revision(&token).unwrap_err().code(), "OperationFailed");
        }
    }
}
