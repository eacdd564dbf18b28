use super::wire;
use crate::nats::jetstream::api::Stored;
use crate::nats::jetstream::message::{Said, lines};
use async_nats::Message;
use bytes::Bytes;

/// One answer of the server, by whichever way it came.
#[derive(Debug, Clone)]
pub(in crate::nats) enum Response {
    /// Through async-nats: the server's own, which has no more than a status for a header.
    Client(Box<Message>),
    /// Through the lane.
    Lane(wire::Message),
    /// One message of a stream, out of an answer in JSON.
    Stored(Box<Stored>),
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

    /// The status, which only messages of the server itself have. What was stored may begin as if
    /// it had one.
    pub(in crate::nats) fn status(&self) -> Option<u16> {
        match self {
            Self::Client(message) => message.status.map(|status| status.as_u16()),
            Self::Lane(message) => {
                let (status, _) = message.status()?;
                (!self.said().is_stored()).then_some(status)
            }
            Self::Stored(_) => None,
        }
    }

    /// What the server says beside the status.
    pub(in crate::nats) fn description(&self) -> &str {
        match self {
            Self::Client(message) => message.description.as_deref().unwrap_or_default(),
            Self::Lane(message) => message.status().map_or("", |(_, text)| text),
            Self::Stored(_) => "",
        }
    }

    /// What the headers of a stored message say.
    pub(in crate::nats) fn said(&self) -> Said<'_> {
        match self {
            Self::Client(_) => Said::default(),
            Self::Lane(message) => Said::by_text(message.headers()),
            Self::Stored(message) => Said::by_text(&message.hdrs),
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
            Self::Stored(message) => &message.data,
        }
    }

    /// The payload, shared and not copied.
    pub(in crate::nats) fn value(&self) -> Bytes {
        match self {
            Self::Client(message) => message.payload.clone(),
            Self::Lane(message) => message.value(),
            Self::Stored(message) => message.data.clone(),
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
