use super::api::Stored;
use super::message::{Said, lines};
use super::wire;
use async_nats::Message;
use bytes::Bytes;

/// One answer of the server, by whichever way it came.
#[derive(Debug, Clone)]
pub(super) enum Response {
    /// Through async-nats: the server's own, which has no more than a status for a header.
    Client(Box<Message>),
    /// Through the lane.
    Lane(wire::Message),
    /// One message of a stream, out of an answer in JSON.
    Stored(Box<Stored>),
}

/// Statuses of the server.
pub(super) const NO_RESPONDERS: u16 = 503;
pub(super) const NOT_FOUND: u16 = 404;
/// The end of a batch.
pub(super) const END: u16 = 204;

impl Response {
    /// The subject that it came by, if that is text.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::Client(message) => &message.subject,
            Self::Lane(message) => str::from_utf8(message.subject()).unwrap_or_default(),
            Self::Stored(message) => &message.subject,
        }
    }

    /// Where an answer to it would go; empty if nowhere.
    pub(super) fn reply(&self) -> &[u8] {
        match self {
            Self::Client(message) => message.reply.as_ref().map_or(&[], |it| it.as_bytes()),
            Self::Lane(message) => message.reply(),
            Self::Stored(_) => &[],
        }
    }

    /// The status, which only messages of the server itself have. What was stored may begin as if
    /// it had one.
    pub(super) fn status(&self) -> Option<u16> {
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
    pub(super) fn description(&self) -> &str {
        match self {
            Self::Client(message) => message.description.as_deref().unwrap_or_default(),
            Self::Lane(message) => message.status().map_or("", |(_, text)| text),
            Self::Stored(_) => "",
        }
    }

    /// What the headers of a stored message say.
    pub(super) fn said(&self) -> Said<'_> {
        match self {
            Self::Client(_) => Said::default(),
            Self::Lane(message) => Said::by_text(message.headers()),
            Self::Stored(message) => Said::by_text(&message.hdrs),
        }
    }

    /// The value of a header of the server itself.
    pub(super) fn header(&self, name: &'static str) -> Option<&str> {
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

    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::Client(message) => &message.payload,
            Self::Lane(message) => message.payload(),
            Self::Stored(message) => &message.data,
        }
    }

    /// The payload, shared and not copied.
    pub(super) fn value(&self) -> Bytes {
        match self {
            Self::Client(message) => message.payload.clone(),
            Self::Lane(message) => message.value(),
            Self::Stored(message) => message.data.clone(),
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
