//! One answer of the server, by whichever way it came.

use super::headers::{SEQUENCE, lines};
use crate::nats::wire;
use async_nats::Message;
use bytes::Bytes;

/// One answer.
#[derive(Debug, Clone)]
pub(in crate::nats) enum Response {
    /// Over the client: the server's own, which has no more than a status for a header.
    Client(Box<Message>),
    /// Over the lane.
    Lane(wire::message::Message),
    /// One message of a stream, out of an answer in JSON.
    Stored(Box<StoredMessage>),
}

/// A message of a stream that was read in JSON.
#[derive(Debug, Clone)]
pub(in crate::nats) struct StoredMessage {
    pub(in crate::nats) subject: String,
    /// With the line that precedes them.
    pub(in crate::nats) headers: Bytes,
    pub(in crate::nats) payload: Bytes,
}

/// Statuses of the server.
pub(in crate::nats) const NO_RESPONDERS: u16 = 503;
pub(in crate::nats) const NOT_FOUND: u16 = 404;
/// The end of a batch.
pub(in crate::nats) const END: u16 = 204;

impl Response {
    /// The subject that it came by, if that is text.
    pub(in crate::nats) fn subject(&self) -> &str {
        match self {
            Self::Client(message) => &message.subject,
            Self::Lane(message) => str::from_utf8(message.subject()).unwrap_or_default(),
            Self::Stored(message) => &message.subject,
        }
    }

    /// Where an answer to it would go; empty if nowhere.
    pub(in crate::nats) fn reply(&self) -> &[u8] {
        match self {
            Self::Client(message) => message.reply.as_ref().map_or(&[], |it| it.as_bytes()),
            Self::Lane(message) => message.reply(),
            Self::Stored(_) => &[],
        }
    }

    /// The status, which only messages of the server itself have. A stored message may begin as if
    /// it had one.
    pub(in crate::nats) fn status(&self) -> Option<u16> {
        match self {
            Self::Client(message) => message.status.map(|status| status.as_u16()),
            Self::Lane(message) => {
                let (status, _) = message.status()?;
                let is_stored =
                    lines(message.headers()).any(|(name, _)| name == SEQUENCE.as_bytes());
                (!is_stored).then_some(status)
            }
            Self::Stored(_) => None,
        }
    }

    /// The server's words beside the status.
    pub(in crate::nats) fn description(&self) -> &str {
        match self {
            Self::Client(message) => message.description.as_deref().unwrap_or_default(),
            Self::Lane(message) => message.status().map_or("", |(_, text)| text),
            Self::Stored(_) => "",
        }
    }

    /// The headers of a stored message, with the line that precedes them.
    pub(in crate::nats) fn headers(&self) -> &[u8] {
        match self {
            Self::Client(_) => &[],
            Self::Lane(message) => message.headers(),
            Self::Stored(message) => &message.headers,
        }
    }

    /// The value of a header of the server itself.
    pub(in crate::nats) fn header(&self, name: &'static str) -> Option<&str> {
        match self {
            Self::Client(message) => Some(message.headers.as_ref()?.get_last(name)?.as_str()),
            Self::Lane(message) => {
                let headers = lines(message.headers());
                let (_, value) = headers.filter(|(found, _)| *found == name.as_bytes()).last()?;
                str::from_utf8(value).ok()
            }
            Self::Stored(_) => None,
        }
    }

    pub(in crate::nats) fn payload(&self) -> &[u8] {
        match self {
            Self::Client(message) => &message.payload,
            Self::Lane(message) => message.payload(),
            Self::Stored(message) => &message.payload,
        }
    }

    /// The payload, shared and not copied.
    pub(in crate::nats) fn value(&self) -> Bytes {
        match self {
            Self::Client(message) => message.payload.clone(),
            Self::Lane(message) => message.value(),
            Self::Stored(message) => message.payload.clone(),
        }
    }

    pub(in crate::nats) fn is_no_responders(&self) -> bool {
        self.status() == Some(NO_RESPONDERS)
    }
}

impl From<Message> for Response {
    fn from(message: Message) -> Self {
        Self::Client(Box::new(message))
    }
}
