//! What messages of a bucket say: the operation in their headers, the position in their reply.

use crate::kv::KvError;
use crate::kv::UpdateKind;
use async_nats::Message;
use async_nats::header::HeaderMap;

/// The operation of a message that is not a put.
pub(super) const OPERATION: &str = "KV-Operation";
pub(super) const DELETE: &str = "DEL";
pub(super) const PURGE: &str = "PURGE";
/// Why the server itself wrote a message: a marker in place of what it removed.
const MARKER_REASON: &str = "Nats-Marker-Reason";
/// Replaces every earlier message of its subject.
pub(super) const ROLLUP: &str = "Nats-Rollup";
pub(super) const ROLLUP_SUBJECT: &str = "sub";
/// The version that must be the subject's last for the message to be taken.
pub(super) const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";
/// The time to live of a message, in seconds.
pub(super) const TTL: &str = "Nats-TTL";
const SUBJECT: &str = "Nats-Subject";
const SEQUENCE: &str = "Nats-Sequence";
const PENDING_MESSAGES: &str = "Nats-Pending-Messages";
const NUM_PENDING: &str = "Nats-Num-Pending";
const MESSAGE_SIZE: &str = "Nats-Msg-Size";

/// What a message did to its key. An empty put is a deletion (R2); what nobody knows is a put.
pub(super) fn kind(headers: Option<&HeaderMap>, payload: &[u8]) -> UpdateKind {
    let Some(headers) = headers else {
        return if payload.is_empty() { UpdateKind::Delete } else { UpdateKind::Put };
    };
    kind_of(|name| headers.get(name).map(|value| value.as_str()), payload)
}

/// [`kind`] where the headers are the text of a stored message.
pub(super) fn kind_in_text(headers: &str, payload: &[u8]) -> UpdateKind {
    kind_of(|name| header_in_text(headers, name), payload)
}

fn kind_of<'a>(header: impl Fn(&'static str) -> Option<&'a str>, payload: &[u8]) -> UpdateKind {
    match (header(OPERATION), header(MARKER_REASON)) {
        (Some(DELETE), _) | (None, Some("Remove")) => UpdateKind::Delete,
        (Some(PURGE), _) | (None, Some(_)) => UpdateKind::Purge,
        // A message without its value says how large that is.
        _ => match header(MESSAGE_SIZE) {
            Some("0") => UpdateKind::Delete,
            None if payload.is_empty() => UpdateKind::Delete,
            _ => UpdateKind::Put,
        },
    }
}

fn header_in_text<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    headers.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The subject that a read message was stored under.
pub(super) fn stored_subject(message: &Message) -> Result<&str, KvError> {
    header(message, SUBJECT).ok_or_else(|| not_understood("a message without its subject"))
}

/// The version of a read message.
pub(super) fn stored_sequence(message: &Message) -> Result<u64, KvError> {
    number(message, SEQUENCE).ok_or_else(|| not_understood("a message without its sequence"))
}

/// How many of the messages that a pull asked for will not come, told at its end.
pub(super) fn unserved(message: &Message) -> Option<u64> {
    number(message, PENDING_MESSAGES)
}

/// How many messages of a batch are left out, told at its end.
pub(super) fn left_out(message: &Message) -> Option<u64> {
    number(message, NUM_PENDING)
}

fn header<'a>(message: &'a Message, name: &'static str) -> Option<&'a str> {
    message.headers.as_ref()?.get(name).map(|value| value.as_str())
}

fn number(message: &Message, name: &'static str) -> Option<u64> {
    header(message, name)?.parse().ok()
}

/// Where a message that a consumer delivered stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Its version.
    pub(super) stream: u64,
    /// How many messages the consumer has delivered with it.
    pub(super) consumer: u64,
    /// How many are left for the consumer.
    pub(super) pending: u64,
}

impl Position {
    /// Reads the reply subject of a delivery: `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream
    /// sequence>.<consumer sequence>.<time>.<pending>`, with a domain and an account before the
    /// stream, and possibly a random token at the end, in the longer form.
    pub(super) fn parse(reply: &str) -> Option<Self> {
        let mut tokens = [""; 12];
        let mut count = 0;
        for token in reply.split('.') {
            *tokens.get_mut(count)? = token;
            count += 1;
        }
        let first = match count {
            9 => 5,
            11 | 12 => 7,
            _ => return None,
        };
        if tokens[..2] != ["$JS", "ACK"] {
            return None;
        }
        Some(Self {
            stream: tokens[first].parse().ok()?,
            consumer: tokens[first + 1].parse().ok()?,
            pending: tokens[first + 3].parse().ok()?,
        })
    }
}

pub(super) fn not_understood(what: &str) -> KvError {
    KvError::DeserializationError(format!("the server sent {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn positions_are_read_from_both_forms_of_a_reply() {
        let position = Some(Position { stream: 12, consumer: 3, pending: 40 });
        assert_eq!(Position::parse("$JS.ACK.KV_b.c.1.12.3.1700000000000000000.40"), position);
        assert_eq!(
            Position::parse("$JS.ACK.hub.Ab12.KV_b.c.1.12.3.1700000000000000000.40.x9"),
            position
        );
        assert_eq!(Position::parse("$JS.ACK.KV_b.c.1.12.3.17"), None);
        assert_eq!(Position::parse("_INBOX.a.b.c.d.e.f.g.h"), None);
    }

    #[test]
    fn d9_every_marker_is_told_alike_from_parsed_and_stored_headers() {
        for (lines, payload, expected) in [
            ("", "", UpdateKind::Delete),
            ("", "v", UpdateKind::Put),
            ("KV-Operation: DEL", "", UpdateKind::Delete),
            ("KV-Operation: PURGE", "", UpdateKind::Purge),
            ("KV-Operation: NEW", "v", UpdateKind::Put),
            ("Nats-Marker-Reason: MaxAge", "", UpdateKind::Purge),
            ("Nats-Marker-Reason: Purge", "", UpdateKind::Purge),
            ("Nats-Marker-Reason: Remove", "", UpdateKind::Delete),
            ("Nats-Msg-Size: 0", "", UpdateKind::Delete),
            ("Nats-Msg-Size: 7", "", UpdateKind::Put),
        ] {
            let text = format!("NATS/1.0\r\n{lines}\r\n\r\n");
            assert_eq!(kind_in_text(&text, payload.as_bytes()), expected, "{lines}");
            let mut map = HeaderMap::new();
            if let Some((name, value)) = lines.split_once(": ") {
                map.insert(name, value);
            }
            assert_eq!(kind(Some(&map), payload.as_bytes()), expected, "{lines}");
        }
    }

    proptest! {
        #[test]
        fn any_reply_is_a_position_or_not(reply in "[$A-Z0-9.]{0,60}") {
            let _ = Position::parse(&reply);
        }

        #[test]
        fn any_headers_are_understood(text in "\\PC*", payload: Vec<u8>) {
            let _ = kind_in_text(&text, &payload);
        }
    }
}
