//! The JetStream API: what is asked as JSON, and what a refusal means.

use crate::kv::KvError;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An answer, or a refusal.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Reply<T> {
    Refused { error: Refusal },
    Answer(T),
}

/// Why the server refused.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Refusal {
    pub(super) code: u16,
    #[serde(default)]
    pub(super) err_code: u32,
    #[serde(default)]
    pub(super) description: String,
}

impl Refusal {
    pub(super) const STREAM_NOT_FOUND: u32 = 10059;
    pub(super) const STREAM_NAME_IN_USE: u32 = 10058;
    pub(super) const STREAM_NOT_STORED: u32 = 10049;
    pub(super) const MESSAGE_NOT_FOUND: u32 = 10037;
    /// The store, its server or its account has no room.
    const FULL: [u32; 7] = [10077, 10047, 10028, 10023, 10002, 10119, 10120];
    const WRONG_LAST_SEQUENCE: [u32; 2] = [10071, 10164];

    /// Whether the store has no room for what was to be written.
    pub(super) fn is_full(&self) -> bool {
        Self::FULL.contains(&self.err_code)
    }

    /// Whether another write came first.
    pub(super) fn is_conflict(&self) -> bool {
        Self::WRONG_LAST_SEQUENCE.contains(&self.err_code)
    }

    /// Whether the same request may be granted a moment later: no leader, or not ready yet.
    pub(super) fn is_passing(&self) -> bool {
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
            &Refusal::STREAM_NOT_FOUND => {
                Self::OperationFailed(format!("the store is not there, or was deleted: {text}"))
            }
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
pub(super) struct StreamConfig {
    pub(super) name: String,
    #[serde(default)]
    pub(super) subjects: Vec<String>,
    pub(super) storage: String,
    pub(super) discard: String,
    #[serde(default)]
    pub(super) max_msgs_per_subject: i64,
    #[serde(default)]
    pub(super) max_msgs: i64,
    #[serde(default)]
    pub(super) max_bytes: i64,
    #[serde(default)]
    pub(super) max_msg_size: i64,
    #[serde(with = "nanoseconds", default)]
    pub(super) max_age: Duration,
    #[serde(with = "nanoseconds", default)]
    pub(super) duplicate_window: Duration,
    pub(super) num_replicas: usize,
    #[serde(default)]
    pub(super) allow_direct: bool,
    #[serde(default)]
    pub(super) allow_rollup_hdrs: bool,
    #[serde(default)]
    pub(super) deny_delete: bool,
    #[serde(default)]
    pub(super) allow_msg_ttl: bool,
    #[serde(with = "nanoseconds", default, skip_serializing_if = "Duration::is_zero")]
    pub(super) subject_delete_marker_ttl: Duration,
}

/// A stream as it is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StreamInfo {
    pub(super) config: StreamConfig,
    /// When it was made: what tells it from another one of the same name.
    pub(super) created: String,
    pub(super) state: StreamState,
    pub(super) cluster: Option<Cluster>,
}

/// The servers that keep a stream.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Cluster {
    /// Absent while one is being elected, when the answer is not the leader's.
    #[serde(default)]
    pub(super) leader: String,
}

/// What a stream holds.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StreamState {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    /// When its first and its last message were written.
    #[serde(default)]
    pub(super) first_ts: String,
    #[serde(default)]
    pub(super) last_ts: String,
}

impl StreamState {
    /// In how much time everything that it holds was written, where the server says so.
    pub(super) fn written_in(&self) -> Option<Duration> {
        let (first, last) = (nanoseconds_of(&self.first_ts)?, nanoseconds_of(&self.last_ts)?);
        u64::try_from(last - first).ok().map(Duration::from_nanos)
    }
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
    /// Whether it holds nothing but the last messages of the subjects of one bucket.
    pub(super) fn is_all_last(&self) -> bool {
        self.config.subjects.len() == 1 && self.config.max_msgs_per_subject == 1
    }

    /// A number that is another one for a stream that was deleted and made again (FNV-1a).
    pub(super) fn incarnation(&self) -> u64 {
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.created.bytes().fold(0xcbf2_9ce4_8422_2325, hash)
    }

    /// Whether this is what the stream's leader says. Without one any server tells its own copy.
    pub(super) fn is_authoritative(&self) -> bool {
        self.config.num_replicas <= 1
            || self.cluster.as_ref().is_none_or(|cluster| !cluster.leader.is_empty())
    }
}

/// How a consumer is to be made.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ConsumerConfig<'a> {
    pub(super) name: &'a str,
    pub(super) deliver_policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) opt_start_seq: Option<u64>,
    pub(super) ack_policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filter_subject: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) filter_subjects: &'a [String],
    pub(super) headers_only: bool,
    pub(super) mem_storage: bool,
    pub(super) num_replicas: usize,
    #[serde(with = "nanoseconds")]
    pub(super) inactive_threshold: Duration,
    /// Where one that pushes delivers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deliver_subject: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) flow_control: bool,
    #[serde(with = "nanoseconds", skip_serializing_if = "Duration::is_zero")]
    pub(super) idle_heartbeat: Duration,
}

#[derive(Serialize)]
pub(super) struct ConsumerRequest<'a> {
    pub(super) stream_name: &'a str,
    pub(super) config: ConsumerConfig<'a>,
    pub(super) action: &'static str,
}

/// A consumer as it is.
#[derive(Debug, Deserialize)]
pub(super) struct ConsumerInfo {
    pub(super) num_pending: u64,
    /// Requests for messages that it has.
    #[serde(default)]
    pub(super) num_waiting: u64,
    pub(super) delivered: Delivered,
}

/// How far a consumer is.
#[derive(Debug, Deserialize)]
pub(super) struct Delivered {
    pub(super) consumer_seq: u64,
}

/// What a consumer is asked to deliver.
#[derive(Serialize)]
pub(super) struct PullRequest {
    pub(super) batch: u64,
    pub(super) max_bytes: usize,
    #[serde(with = "nanoseconds")]
    pub(super) expires: Duration,
    #[serde(with = "nanoseconds")]
    pub(super) idle_heartbeat: Duration,
}

/// A message to be read by the stream's leader.
#[derive(Serialize, Default)]
pub(super) struct MessageRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_by_subj: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_by_subj: Option<&'a str>,
}

/// A message read by the stream's leader.
#[derive(Deserialize)]
pub(super) struct StoredMessage {
    pub(super) message: Stored,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Stored {
    pub(super) subject: String,
    pub(super) seq: u64,
    #[serde(deserialize_with = "base64_text::deserialize", default)]
    pub(super) data: Bytes,
    /// With the line that precedes them.
    #[serde(deserialize_with = "base64_text::deserialize", default)]
    pub(super) hdrs: Bytes,
}

/// The last messages of several subjects, in one answer each.
#[derive(Serialize)]
pub(super) struct MultiRequest<'a> {
    pub(super) multi_last: &'a [&'a str],
}

impl MultiRequest<'_> {
    /// The request as it is sent.
    pub(super) fn encode(&self) -> Result<Bytes, KvError> {
        let encoded = serde_json::to_vec(self);
        encoded.map(Bytes::from).map_err(|error| KvError::SerializationError(error.to_string()))
    }
}

/// What is to be removed from a stream without a trace.
#[derive(Serialize)]
pub(super) struct PurgeRequest<'a> {
    pub(super) filter: &'a str,
}

/// Whether a write was taken. Not a [`Reply`], which takes longer to be told apart.
#[derive(Deserialize)]
pub(super) struct Acknowledged {
    pub(super) seq: Option<u64>,
    pub(super) error: Option<Refusal>,
}

/// Go's durations.
mod nanoseconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX >> 1))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
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

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
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
