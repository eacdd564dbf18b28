//! What messages of a bucket say: the operation in their headers, the position in their reply.

use crate::kv::{KvError, PurgeReason, UpdateKind};
use crate::nats::transport::headers::{SEQUENCE, lines};
use crate::nats::transport::response::{END, NOT_FOUND, Response};
use std::time::Duration;

/// The operation of a message that is not a put.
pub(in crate::nats) const OPERATION: &str = "KV-Operation";
pub(in crate::nats) const DELETE: &str = "DEL";
pub(in crate::nats) const PURGE: &str = "PURGE";
/// Says what the value of a message of ours is that has none: a value of no bytes (R2).
pub(in crate::nats) const VALUE: &str = "Slipstream-Value";
pub(in crate::nats) const EMPTY: &str = "empty";
/// Why the server itself wrote a message: a marker in place of what it removed.
const MARKER_REASON: &str = "Nats-Marker-Reason";
/// Replaces every earlier message of its subject.
pub(in crate::nats) const ROLLUP: &str = "Nats-Rollup";
pub(in crate::nats) const ROLLUP_SUBJECT: &str = "sub";
/// The version that must be the subject's last for the message to be taken.
pub(in crate::nats) const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";
/// The time to live of a message, in seconds.
pub(in crate::nats) const TTL: &str = "Nats-TTL";
const SUBJECT: &str = "Nats-Subject";
const PENDING_MESSAGES: &str = "Nats-Pending-Messages";
const NUM_PENDING: &str = "Nats-Num-Pending";
const MESSAGE_SIZE: &str = "Nats-Msg-Size";
const TIME_STAMP: &str = "Nats-Time-Stamp";

/// What the headers of a message say, as far as it matters here.
///
/// The server adds its own headers after those of whoever wrote the message, which may look the
/// same: of what the server says the last header counts, of what the writer says the first one, as
/// every other client reads it.
#[derive(Debug, Default)]
pub(in crate::nats) struct Said<'a> {
    subject: Option<&'a [u8]>,
    sequence: Option<&'a [u8]>,
    size: Option<&'a [u8]>,
    operation: Option<&'a [u8]>,
    reason: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    ttl: Option<&'a [u8]>,
    time: Option<&'a [u8]>,
}

impl<'a> Said<'a> {
    /// Reads the headers of a message that was stored.
    pub(in crate::nats) fn by(message: &'a Response) -> Self {
        Self::by_text(message.headers())
    }

    /// Reads headers as they were sent or are stored, after the line that precedes them.
    pub(in crate::nats) fn by_text(headers: &'a [u8]) -> Self {
        let mut said = Self::default();
        for (name, value) in lines(headers) {
            if name == SUBJECT.as_bytes() {
                said.subject = Some(value);
            } else if name == SEQUENCE.as_bytes() {
                said.sequence = Some(value);
            } else if name == MESSAGE_SIZE.as_bytes() {
                said.size = Some(value);
            } else if name == OPERATION.as_bytes() {
                said.operation.get_or_insert(value);
            } else if name == MARKER_REASON.as_bytes() {
                said.reason.get_or_insert(value);
            } else if name == VALUE.as_bytes() {
                said.value.get_or_insert(value);
            } else if name == TTL.as_bytes() {
                said.ttl.get_or_insert(value);
            } else if name == TIME_STAMP.as_bytes() {
                said.time = Some(value);
            }
        }
        said
    }

    /// What the message did to its key. An empty message without our header is a deletion (R2);
    /// an unknown operation is a put.
    pub(in crate::nats) fn kind(&self, payload: &[u8]) -> UpdateKind {
        self.kind_of(payload.is_empty())
    }

    /// What a message did to its key that the server sent without its value, and whose size it
    /// says instead.
    pub(in crate::nats) fn kind_by_size(&self) -> UpdateKind {
        self.kind_of(self.size == Some(b"0".as_slice()))
    }

    fn kind_of(&self, is_empty: bool) -> UpdateKind {
        match (self.operation, self.reason) {
            (Some(operation), _) if operation == DELETE.as_bytes() => UpdateKind::Delete,
            (Some(operation), _) if operation == PURGE.as_bytes() => {
                UpdateKind::Purge(PurgeReason::Purged)
            }
            (None, Some(b"Remove")) => UpdateKind::Delete,
            (None, Some(b"MaxAge")) => UpdateKind::Purge(PurgeReason::Expired),
            (None, Some(_)) => UpdateKind::Purge(PurgeReason::Purged),
            _ if is_empty && self.value != Some(EMPTY.as_bytes()) => UpdateKind::Delete,
            _ => UpdateKind::Put,
        }
    }

    /// The subject that a read message was stored under, if it is text.
    pub(in crate::nats) fn subject(&self) -> Result<Option<&'a str>, KvError> {
        let subject =
            self.subject.ok_or_else(|| not_understood("a message without its subject"))?;
        Ok(str::from_utf8(subject).ok())
    }

    /// The time to live of the message, if it has one.
    pub(in crate::nats) fn ttl(&self) -> Option<Duration> {
        self.ttl.and_then(time_to_live)
    }

    /// When a message that was read directly was stored, as the server says it.
    pub(in crate::nats) fn time(&self) -> Option<&'a str> {
        self.time.and_then(|time| str::from_utf8(time).ok())
    }

    /// The version of a read message.
    pub(in crate::nats) fn version(&self) -> Result<u64, KvError> {
        let version = self.sequence.and_then(decimal);
        version.ok_or_else(|| not_understood("a message without its sequence"))
    }
}

/// A time to live as the server reads it: whole seconds, or units such as `1h30m`; nothing if it is
/// `never`, or cannot be read.
fn time_to_live(text: &[u8]) -> Option<Duration> {
    if let Some(seconds) = decimal(text) {
        return Some(Duration::from_secs(seconds));
    }
    let mut rest = str::from_utf8(text).ok()?;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let (number, unit) = rest.split_at_checked(digits)?;
        let length = 1 + usize::from(unit.starts_with("ms"));
        let (unit, after) = unit.split_at_checked(length)?;
        let millis = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        let part = number.parse::<u64>().ok()?.checked_mul(millis)?;
        total = total.checked_add(Duration::from_millis(part))?;
        rest = after;
    }
    Some(total)
}

/// How many of the messages that a pull asked for will not come, told at its end.
pub(in crate::nats) fn unserved(message: &Response) -> Option<u64> {
    message.header(PENDING_MESSAGES)?.parse().ok()
}

/// Whether everything that was asked for in one read has come, if this message is its end. What is
/// over the server's limits is left out, and nothing comes if nobody is there to answer.
pub(in crate::nats) fn end_of_batch(response: &Response) -> Option<bool> {
    response.status().map(|status| match status {
        END => left_out(response).is_none_or(|count| count == 0),
        _ => status == NOT_FOUND,
    })
}

fn left_out(response: &Response) -> Option<u64> {
    response.header(NUM_PENDING)?.parse().ok()
}

/// Where a message that a consumer delivered stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) struct Position {
    /// Its version.
    pub(in crate::nats) stream: u64,
    /// How many messages the consumer has delivered with it.
    pub(in crate::nats) consumer: u64,
    /// How many are left for the consumer.
    pub(in crate::nats) pending: u64,
    /// When it was stored, in milliseconds since 1970 by the clock of the server.
    pub(in crate::nats) time: u64,
}

impl Position {
    /// Reads the reply subject of a delivery: `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream
    /// sequence>.<consumer sequence>.<time>.<pending>`, with a domain and an account before the
    /// stream, and possibly a random token at the end, in the longer form.
    pub(in crate::nats) fn parse(reply: &[u8]) -> Option<Self> {
        let mut tokens = reply.strip_prefix(b"$JS.ACK.")?;
        let mut dots = memchr::memrchr_iter(b'.', tokens);
        let count = 3 + dots.clone().count();
        match count {
            9 | 11 => {}
            12 => tokens = &tokens[..dots.next()?],
            _ => return None,
        }
        let mut end = tokens.len();
        let mut last = || {
            let dot = dots.next()?;
            let token = &tokens[dot + 1..end];
            end = dot;
            Some(token)
        };
        let pending = decimal(last()?)?;
        let time = decimal(last()?)? / 1_000_000;
        let consumer = decimal(last()?)?;
        Some(Self { stream: decimal(last()?)?, consumer, pending, time })
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

pub(in crate::nats) fn not_understood(what: &str) -> KvError {
    KvError::DeserializationError(format!("the server sent {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r6_a_time_to_live_is_read_as_the_server_reads_it() {
        for (text, millis) in [
            ("5", Some(5_000)),
            ("1h", Some(3_600_000)),
            ("1h30m", Some(5_400_000)),
            ("1m1s500ms", Some(61_500)),
            ("never", None),
            ("5x", None),
            ("h", None),
            ("99999999999999999999h", None),
        ] {
            let ttl = time_to_live(text.as_bytes());
            assert_eq!(ttl, millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn positions_are_read_from_both_forms_of_a_reply() {
        let position =
            Some(Position { stream: 12, consumer: 3, pending: 40, time: 1_700_000_000_000 });
        assert_eq!(Position::parse(b"$JS.ACK.KV_b.c.1.12.3.1700000000000000000.40"), position);
        assert_eq!(
            Position::parse(b"$JS.ACK.hub.Ab12.KV_b.c.1.12.3.1700000000000000000.40.x9"),
            position
        );
        assert_eq!(Position::parse(b"$JS.ACK.KV_b.c.1.12.3.17"), None);
        assert_eq!(Position::parse(b"_INBOX.a.b.c.d.e.f.g.h"), None);
    }

    #[test]
    fn d9_every_marker_is_told_from_its_headers() {
        for (lines, payload, expected) in [
            ("", "", UpdateKind::Delete),
            ("", "v", UpdateKind::Put),
            ("KV-Operation: DEL", "", UpdateKind::Delete),
            ("KV-Operation: PURGE", "", UpdateKind::Purge(PurgeReason::Purged)),
            ("KV-Operation: NEW", "v", UpdateKind::Put),
            ("Nats-Marker-Reason: MaxAge", "", UpdateKind::Purge(PurgeReason::Expired)),
            ("Nats-Marker-Reason: Purge", "", UpdateKind::Purge(PurgeReason::Purged)),
            ("Nats-Marker-Reason: Remove", "", UpdateKind::Delete),
            ("KV-Operation: DEL\r\nKV-Operation: PURGE", "", UpdateKind::Delete),
        ] {
            let text = format!("NATS/1.0\r\n{lines}\r\n\r\n");
            let said = Said::by_text(text.as_bytes());
            assert_eq!(said.kind(payload.as_bytes()), expected, "{lines}");
        }
    }

    #[test]
    fn n21_a_size_counts_only_where_the_value_was_left_out_and_only_the_servers() {
        for (lines, by_value, by_size) in [
            ("Nats-Msg-Size: 0", UpdateKind::Delete, UpdateKind::Delete),
            ("Nats-Msg-Size: 7", UpdateKind::Delete, UpdateKind::Put),
            ("Nats-Msg-Size: 0\r\nNats-Msg-Size: 7", UpdateKind::Delete, UpdateKind::Put),
            ("Nats-Msg-Size: 7\r\nNats-Msg-Size: 0", UpdateKind::Delete, UpdateKind::Delete),
        ] {
            let text = format!("NATS/1.0\r\n{lines}\r\n\r\n");
            let said = Said::by_text(text.as_bytes());
            assert_eq!((said.kind(b""), said.kind_by_size()), (by_value, by_size), "{lines}");
            assert_eq!(said.kind(b"v"), UpdateKind::Put, "{lines}");
        }
    }

    #[test]
    fn n21_of_what_the_server_says_the_last_counts() {
        let text = b"NATS/1.0\r\nNats-Sequence: 9\r\nNats-Subject: a\r\nx: \r\r\n\
            Nats-Subject: b\r\nNats-Sequence: 12\r\n\r\n";
        let said = Said::by_text(text);
        assert_eq!((said.subject(), said.version()), (Ok(Some("b")), Ok(12)));
        // Not even where that is no text.
        let text = b"NATS/1.0\r\nNats-Subject: a\r\nNats-Subject: \xff\r\nNats-Sequence: 1\r\n\r\n";
        assert_eq!(Said::by_text(text).subject(), Ok(None));
    }

    proptest! {
        #[test]
        fn any_reply_is_a_position_or_not(reply in "[$A-Z0-9.]{0,60}") {
            let _ = Position::parse(reply.as_bytes());
        }

        #[test]
        fn any_headers_are_understood(text: Vec<u8>, payload: Vec<u8>) {
            let _ = Said::by_text(&text).kind(&payload);
        }
    }
}
