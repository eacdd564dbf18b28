//! What messages of a bucket say: the operation in their headers, the position in their reply.

use crate::kv::{KvError, UpdateKind};
use crate::nats::transport::response::{END, NOT_FOUND, Response};

/// The operation of a message that is not a put.
pub(in crate::nats) const OPERATION: &str = "KV-Operation";
pub(in crate::nats) const DELETE: &str = "DEL";
pub(in crate::nats) const PURGE: &str = "PURGE";
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
const SEQUENCE: &str = "Nats-Sequence";
const PENDING_MESSAGES: &str = "Nats-Pending-Messages";
const NUM_PENDING: &str = "Nats-Num-Pending";
const MESSAGE_SIZE: &str = "Nats-Msg-Size";

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
}

impl<'a> Said<'a> {
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
            }
        }
        said
    }

    /// What the message did to its key. An empty put is a deletion (R2); what nobody knows is a
    /// put.
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
            (Some(operation), _) if operation == PURGE.as_bytes() => UpdateKind::Purge,
            (None, Some(b"Remove")) => UpdateKind::Delete,
            (None, Some(_)) => UpdateKind::Purge,
            _ if is_empty => UpdateKind::Delete,
            _ => UpdateKind::Put,
        }
    }

    /// The subject that a read message was stored under, if it is text.
    pub(in crate::nats) fn subject(&self) -> Result<Option<&'a str>, KvError> {
        let subject =
            self.subject.ok_or_else(|| not_understood("a message without its subject"))?;
        Ok(str::from_utf8(subject).ok())
    }

    /// Whether this is a message that was read, and no answer of the server itself.
    pub(in crate::nats) fn is_stored(&self) -> bool {
        self.sequence.is_some()
    }

    /// The version of a read message.
    pub(in crate::nats) fn version(&self) -> Result<u64, KvError> {
        let version = self.sequence.and_then(decimal);
        version.ok_or_else(|| not_understood("a message without its sequence"))
    }
}

/// The subject that a refusal of the server names: it stands between the last two quotes.
pub(in crate::nats) fn refused_subject(refusal: &str) -> Option<&str> {
    refusal.rsplit('"').nth(1)
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

/// The names and values of headers, after the line that precedes them.
pub(in crate::nats) fn lines(headers: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = headers.split(|byte| *byte == b'\n').skip(1);
    lines.filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        Some((&line[..colon], line[colon + 1..].trim_ascii()))
    })
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
        let _time = last()?;
        let consumer = decimal(last()?)?;
        Some(Self { stream: decimal(last()?)?, consumer, pending })
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
    fn positions_are_read_from_both_forms_of_a_reply() {
        let position = Some(Position { stream: 12, consumer: 3, pending: 40 });
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
            ("KV-Operation: PURGE", "", UpdateKind::Purge),
            ("KV-Operation: NEW", "v", UpdateKind::Put),
            ("Nats-Marker-Reason: MaxAge", "", UpdateKind::Purge),
            ("Nats-Marker-Reason: Purge", "", UpdateKind::Purge),
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
