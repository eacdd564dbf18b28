//! Why a request has no answer, and whether the server can have seen it.

use crate::kv::KvError;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::nats) enum Unanswered {
    /// The connection was cut while it was under way: the server may have seen it.
    Cut,
    /// No answer within the time that one may take.
    Late,
    /// The server refuses this subject to this user, in its words.
    Denied(String),
    /// The connection is closed for good.
    Closed,
    /// The client that was handed in has ended.
    Ended,
}

impl From<Unanswered> for KvError {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Cut => Self::ConnectionFailed("the connection was cut".into()),
            Unanswered::Late => Self::Timeout,
            Unanswered::Denied(text) => Self::PermissionDenied(text),
            Unanswered::Closed => Self::NotConnected,
            Unanswered::Ended => Self::ConnectionFailed(
                "the NATS client that this connection was made from has ended; make another one"
                    .into(),
            ),
        }
    }
}

/// Why a write has no answer, and whether the server can have seen it (W9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::nats) enum Unwritten {
    /// It did not leave this process: it was certainly not made.
    NeverSent(Unanswered),
    /// It was handed to the connection: it may have been made.
    Sent(Unanswered),
}

impl Unwritten {
    pub(in crate::nats) fn why(self) -> Unanswered {
        match self {
            Self::NeverSent(why) | Self::Sent(why) => why,
        }
    }
}

impl From<Unwritten> for KvError {
    fn from(unwritten: Unwritten) -> Self {
        match unwritten {
            // `NotConnected` would say that it was not made.
            Unwritten::Sent(Unanswered::Closed) => {
                let text = "the connection was closed before the server answered";
                Self::ConnectionFailed(text.into())
            }
            unwritten => unwritten.why().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w9_only_what_was_not_sent_is_told_as_not_connected() {
        let never = KvError::from(Unwritten::NeverSent(Unanswered::Closed));
        assert_eq!(never, KvError::NotConnected);
        for why in [Unanswered::Cut, Unanswered::Late, Unanswered::Closed] {
            let told = KvError::from(Unwritten::Sent(why));
            assert!(matches!(told, KvError::Timeout | KvError::ConnectionFailed(_)), "{told:?}");
        }
    }
}
