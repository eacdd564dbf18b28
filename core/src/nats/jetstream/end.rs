//! Why nothing more comes from a consumer.

use crate::nats::transport::unanswered::Unanswered;

/// The end of a consumer.
#[derive(Debug)]
pub(in crate::nats) enum End {
    /// It has to be made anew, after the last message that was delivered.
    Lost(&'static str),
    /// The server refuses it to this user.
    Denied(String),
    /// The connection was closed.
    Closed,
}

impl From<Unanswered> for End {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Cut | Unanswered::Late => Self::Lost("the connection was cut"),
            Unanswered::Denied(text) => Self::Denied(text),
            Unanswered::Closed => Self::Closed,
            // Going on anew finds out that there is no client to go on by.
            Unanswered::Ended => Self::Lost("the client has ended"),
        }
    }
}
