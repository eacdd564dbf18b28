use super::message::{Said, lines};
use super::wire;
use async_nats::Message;
use bytes::Bytes;

/// One answer of the server, by whichever way it came.
#[derive(Debug, Clone)]
pub(super) enum Response {
    /// Through async-nats.
    Client(Box<Message>),
    /// Through the lane.
    Lane(wire::Message),
}

/// Statuses of the server.
pub(super) const NO_RESPONDERS: u16 = 503;
pub(super) const NOT_FOUND: u16 = 404;
/// The end of a batch.
pub(super) const END: u16 = 204;

impl Response {
    /// The subject that it came by.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::Client(message) => &message.subject,
            Self::Lane(message) => str::from_utf8(message.subject()).unwrap_or_default(),
        }
    }

    /// Where an answer to it would go; empty if nowhere.
    pub(super) fn reply(&self) -> &[u8] {
        match self {
            Self::Client(message) => message.reply.as_ref().map_or(&[], |it| it.as_bytes()),
            Self::Lane(message) => message.reply(),
        }
    }

    /// The status, which only messages of the server itself have.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Client(message) => message.status.map(|status| status.as_u16()),
            Self::Lane(message) => message.status().map(|(status, _)| status),
        }
    }

    /// What the server says beside the status.
    pub(super) fn description(&self) -> &str {
        match self {
            Self::Client(message) => message.description.as_deref().unwrap_or_default(),
            Self::Lane(message) => message.status().map_or("", |(_, text)| text),
        }
    }

    /// What the headers say.
    pub(super) fn said(&self) -> Said<'_> {
        match self {
            Self::Client(message) => Said::by(message.headers.as_ref()),
            Self::Lane(message) => Said::by_text(message.headers()),
        }
    }

    /// The value of a header.
    pub(super) fn header(&self, name: &'static str) -> Option<&str> {
        match self {
            Self::Client(message) => Some(message.headers.as_ref()?.get(name)?.as_str()),
            Self::Lane(message) => {
                let mut headers = lines(message.headers());
                let (_, value) = headers.find(|(found, _)| *found == name.as_bytes())?;
                str::from_utf8(value).ok()
            }
        }
    }

    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::Client(message) => &message.payload,
            Self::Lane(message) => message.payload(),
        }
    }

    /// The payload, shared and not copied.
    pub(super) fn value(&self) -> Bytes {
        match self {
            Self::Client(message) => message.payload.clone(),
            Self::Lane(message) => message.value(),
        }
    }

    pub(super) fn is_no_responders(&self) -> bool {
        self.status() == Some(NO_RESPONDERS)
    }
}

impl From<Message> for Response {
    fn from(message: Message) -> Self {
        Self::Client(Box::new(message))
    }
}
