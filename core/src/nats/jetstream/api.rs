//! The JetStream API: what is asked as JSON, and what a refusal means.

use crate::kv::KvError;
use crate::nats::transport::response::{self, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// An answer, or a refusal.
#[derive(Deserialize)]
#[serde(untagged)]
pub(in crate::nats) enum Reply<T> {
    Refused { error: Refusal },
    Answer(T),
}

/// Why the server refused.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::nats) struct Refusal {
    pub(in crate::nats) code: u16,
    #[serde(default)]
    pub(in crate::nats) err_code: u32,
    #[serde(default)]
    pub(in crate::nats) description: String,
}

impl Refusal {
    pub(in crate::nats) const STREAM_NOT_FOUND: u32 = 10059;
    const CONSUMER_NOT_FOUND: u32 = 10014;
    pub(in crate::nats) const STREAM_NAME_IN_USE: u32 = 10058;
    pub(in crate::nats) const STREAM_NOT_STORED: u32 = 10049;
    pub(in crate::nats) const MESSAGE_NOT_FOUND: u32 = 10037;
    /// The store, its server or its account has no room.
    const FULL: [u32; 7] = [10077, 10047, 10028, 10023, 10002, 10119, 10120];
    const WRONG_LAST_SEQUENCE: [u32; 2] = [10071, 10164];

    /// True if the store has no room for the write.
    pub(in crate::nats) fn is_full(&self) -> bool {
        Self::FULL.contains(&self.err_code)
    }

    /// True if there is no such stream or consumer.
    pub(in crate::nats) fn is_of_what_is_gone(&self) -> bool {
        [Self::STREAM_NOT_FOUND, Self::CONSUMER_NOT_FOUND].contains(&self.err_code)
    }

    /// True if another write came first.
    pub(in crate::nats) fn is_conflict(&self) -> bool {
        Self::WRONG_LAST_SEQUENCE.contains(&self.err_code)
    }

    /// True if the same request may be granted a moment later: no leader, or not ready yet.
    pub(in crate::nats) fn is_passing(&self) -> bool {
        const CLUSTER: [u32; 5] = [10004, 10008, 10009, 10118, 10195];
        CLUSTER.contains(&self.err_code)
    }
}

impl From<Refusal> for KvError {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, err_code, description } = &refusal;
        let text = format!("{description} (server error {err_code})");
        match err_code {
            _ if refusal.is_conflict() => Self::RevisionMismatch,
            _ if refusal.is_full() => {
                Self::LimitExceeded(format!("the store or its server is full: {text}"))
            }
            10026 | 10027 => Self::LimitExceeded(format!("the server allows no more: {text}")),
            10054 => Self::LimitExceeded(format!("the value is too large: {text}")),
            10052 | 10074 | 10122 | 10165 | 10166 => Self::InvalidArgument(text),
            &Refusal::STREAM_NOT_FOUND => Self::StoreNotFound,
            10039 | 10076 => Self::OperationFailed(format!("JetStream is not enabled: {text}")),
            _ if refusal.is_passing() || *code == 503 => {
                Self::ConnectionFailed(format!("the servers are not ready: {text}"))
            }
            _ => Self::OperationFailed(format!("the server refused: {text}")),
        }
    }
}

/// How the server is to keep a bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::nats) struct StreamConfig {
    pub(in crate::nats) name: String,
    #[serde(default)]
    pub(in crate::nats) subjects: Vec<String>,
    pub(in crate::nats) storage: String,
    pub(in crate::nats) discard: String,
    #[serde(default)]
    pub(in crate::nats) max_msgs_per_subject: i64,
    #[serde(default)]
    pub(in crate::nats) max_msgs: i64,
    #[serde(default)]
    pub(in crate::nats) max_bytes: i64,
    #[serde(default)]
    pub(in crate::nats) max_msg_size: i64,
    #[serde(with = "nanoseconds", default)]
    pub(in crate::nats) max_age: Duration,
    #[serde(with = "nanoseconds", default)]
    pub(in crate::nats) duplicate_window: Duration,
    pub(in crate::nats) num_replicas: usize,
    #[serde(default)]
    pub(in crate::nats) allow_direct: bool,
    #[serde(default)]
    pub(in crate::nats) allow_rollup_hdrs: bool,
    #[serde(default)]
    pub(in crate::nats) deny_delete: bool,
    #[serde(default)]
    pub(in crate::nats) allow_msg_ttl: bool,
    #[serde(with = "nanoseconds", default, skip_serializing_if = "Duration::is_zero")]
    pub(in crate::nats) subject_delete_marker_ttl: Duration,
    #[serde(default)]
    pub(in crate::nats) metadata: BTreeMap<String, String>,
}

/// A stream as it is.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::nats) struct StreamInfo {
    pub(in crate::nats) config: StreamConfig,
    /// When it was made, which tells it from another stream of the same name.
    pub(in crate::nats) created: String,
    pub(in crate::nats) state: StreamState,
    pub(in crate::nats) cluster: Option<Cluster>,
}

/// The servers that keep a stream.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::nats) struct Cluster {
    /// Absent while one is being elected, when the answer is not the leader's.
    #[serde(default)]
    pub(in crate::nats) leader: String,
}

/// What a stream holds.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::nats) struct StreamState {
    pub(in crate::nats) messages: u64,
    pub(in crate::nats) bytes: u64,
    pub(in crate::nats) first_seq: u64,
    pub(in crate::nats) last_seq: u64,
    /// When its first and its last message were written.
    #[serde(default)]
    pub(in crate::nats) first_ts: String,
    #[serde(default)]
    pub(in crate::nats) last_ts: String,
}

impl StreamState {
    /// In how much time everything that it holds was written, where the server says so.
    pub(in crate::nats) fn written_in(&self) -> Option<Duration> {
        let (first, last) = (nanoseconds_of(&self.first_ts)?, nanoseconds_of(&self.last_ts)?);
        u64::try_from(last - first).ok().map(Duration::from_nanos)
    }
}

/// The milliseconds since 1970 of a time of the server; 0 if it is none.
pub(in crate::nats) fn millis_of(time: &str) -> u64 {
    nanoseconds_of(time).and_then(|nanos| u64::try_from(nanos / 1_000_000).ok()).unwrap_or(0)
}

/// The nanoseconds since 1970 of a time such as `2026-11-29T10:09:04.25Z`.
fn nanoseconds_of(time: &str) -> Option<i128> {
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let numbers = |text: &str, between: char| -> Option<[i64; 3]> {
        let mut numbers = text.splitn(3, between).map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some([next()?, next()?, next()?])
    };
    let ([year, month, day], [hours, minutes, seconds]) =
        (numbers(date, '-')?, numbers(clock, ':')?);
    // Years that begin in March, whose months have lengths that repeat and end with a leap day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 719_469;
    let seconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    let fraction: i128 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(i128::from(seconds) * 1_000_000_000 + fraction)
}

impl StreamInfo {
    /// True if it holds nothing but the last messages of the subjects of one bucket.
    pub(in crate::nats) fn is_all_last(&self) -> bool {
        self.config.subjects.len() == 1 && self.config.max_msgs_per_subject == 1
    }

    /// A number that is another one for a stream that was deleted and made again (FNV-1a).
    pub(in crate::nats) fn incarnation(&self) -> u64 {
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.created.bytes().fold(0xcbf2_9ce4_8422_2325, hash)
    }

    /// True if the stream's leader says this. Without a leader any server tells of its own copy.
    pub(in crate::nats) fn is_authoritative(&self) -> bool {
        self.config.num_replicas <= 1
            || self.cluster.as_ref().is_none_or(|cluster| !cluster.leader.is_empty())
    }
}

/// How a consumer is to be made.
#[derive(Debug, Clone, Serialize)]
pub(in crate::nats) struct ConsumerConfig<'a> {
    pub(in crate::nats) name: &'a str,
    pub(in crate::nats) deliver_policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::nats) opt_start_seq: Option<u64>,
    pub(in crate::nats) ack_policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::nats) filter_subject: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(in crate::nats) filter_subjects: &'a [String],
    pub(in crate::nats) headers_only: bool,
    pub(in crate::nats) mem_storage: bool,
    pub(in crate::nats) num_replicas: usize,
    #[serde(with = "nanoseconds")]
    pub(in crate::nats) inactive_threshold: Duration,
    /// Where one that pushes delivers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::nats) deliver_subject: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::nats) flow_control: bool,
    #[serde(with = "nanoseconds", skip_serializing_if = "Duration::is_zero")]
    pub(in crate::nats) idle_heartbeat: Duration,
}

#[derive(Serialize)]
pub(in crate::nats) struct ConsumerRequest<'a> {
    pub(in crate::nats) stream_name: &'a str,
    pub(in crate::nats) config: ConsumerConfig<'a>,
    pub(in crate::nats) action: &'static str,
}

/// A consumer as it is.
#[derive(Debug, Deserialize)]
pub(in crate::nats) struct ConsumerInfo {
    pub(in crate::nats) num_pending: u64,
    /// Requests for messages that it has.
    #[serde(default)]
    pub(in crate::nats) num_waiting: u64,
    pub(in crate::nats) delivered: Delivered,
}

/// How far a consumer is.
#[derive(Debug, Deserialize)]
pub(in crate::nats) struct Delivered {
    pub(in crate::nats) consumer_seq: u64,
}

/// What a consumer is asked to deliver.
#[derive(Serialize)]
pub(in crate::nats) struct PullRequest {
    pub(in crate::nats) batch: u64,
    pub(in crate::nats) max_bytes: usize,
    #[serde(with = "nanoseconds")]
    pub(in crate::nats) expires: Duration,
    #[serde(with = "nanoseconds")]
    pub(in crate::nats) idle_heartbeat: Duration,
}

/// A message to be read by the stream's leader.
#[derive(Serialize, Default)]
pub(in crate::nats) struct MessageRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::nats) last_by_subj: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::nats) seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::nats) next_by_subj: Option<&'a str>,
}

/// A message read by the stream's leader.
#[derive(Deserialize)]
pub(in crate::nats) struct StoredMessage {
    pub(in crate::nats) message: Stored,
}

#[derive(Debug, Clone, Deserialize)]
pub(in crate::nats) struct Stored {
    pub(in crate::nats) subject: String,
    pub(in crate::nats) seq: u64,
    /// When it was stored.
    #[serde(default)]
    pub(in crate::nats) time: String,
    #[serde(deserialize_with = "base64_text::deserialize", default)]
    pub(in crate::nats) data: Bytes,
    /// With the line that precedes them.
    #[serde(deserialize_with = "base64_text::deserialize", default)]
    pub(in crate::nats) hdrs: Bytes,
}

impl From<Stored> for Response {
    fn from(stored: Stored) -> Self {
        let Stored { subject, data, hdrs, .. } = stored;
        Self::Stored(Box::new(response::StoredMessage { subject, headers: hdrs, payload: data }))
    }
}

/// The last messages of several subjects, in one answer each.
#[derive(Serialize)]
pub(in crate::nats) struct MultiRequest<'a> {
    pub(in crate::nats) multi_last: &'a [&'a str],
}

impl MultiRequest<'_> {
    /// The request as it is sent.
    pub(in crate::nats) fn encode(&self) -> Result<Bytes, KvError> {
        let encoded = serde_json::to_vec(self);
        encoded.map(Bytes::from).map_err(|error| KvError::SerializationError(error.to_string()))
    }
}

/// Which streams are to be listed, and from which one on.
#[derive(Serialize)]
pub(in crate::nats) struct NamesRequest {
    pub(in crate::nats) subject: &'static str,
    pub(in crate::nats) offset: usize,
}

/// Some of the streams that there are. There are none where the list is `null`.
#[derive(Deserialize)]
pub(in crate::nats) struct StreamNames {
    pub(in crate::nats) total: usize,
    #[serde(default)]
    pub(in crate::nats) streams: Option<Vec<String>>,
}

/// Whether what was asked for was done.
#[derive(Deserialize)]
pub(in crate::nats) struct Done {
    pub(in crate::nats) success: bool,
}

/// What is to be removed from a stream without a trace.
#[derive(Serialize)]
pub(in crate::nats) struct PurgeRequest<'a> {
    pub(in crate::nats) filter: &'a str,
}

/// The answer to a write. It is not a [`Reply`], which takes longer to parse.
#[derive(Deserialize)]
pub(in crate::nats) struct Acknowledged {
    pub(in crate::nats) seq: Option<u64>,
    pub(in crate::nats) error: Option<Refusal>,
}

/// Go's durations.
mod nanoseconds {
    use serde::{Deserialize, Deserializer, Serializer};

    use std::time::Duration;

    pub(in crate::nats) fn serialize<S: Serializer>(
        time: &Duration,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX >> 1))
    }

    pub(in crate::nats) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Duration, D::Error> {
        // A negative time means none.
        Ok(Duration::from_nanos(i64::deserialize(from)?.try_into().unwrap_or(0)))
    }
}

/// Bytes as Go writes them into JSON.
mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer};
    use std::borrow::Cow;

    pub(in crate::nats) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Bytes, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        STANDARD.decode(text.as_bytes()).map(Bytes::from).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_read() {
        for (time, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-03-01T00:00:01Z", 59 * 86_400 + 1),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-11-29T10:09:04Z", 1_795_946_944),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
        ] {
            assert_eq!(nanoseconds_of(time), Some(seconds * 1_000_000_000), "{time}");
        }
        assert_eq!(nanoseconds_of("1970-01-01T00:00:00.25Z"), Some(250_000_000));
        assert_eq!(nanoseconds_of("1970-01-01T00:00:00.000000001Z"), Some(1));
        assert_eq!(nanoseconds_of("yesterday"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_not(time in "[0-9T:.Z-]{0,24}") {
            let _ = nanoseconds_of(&time);
        }
    }
}
