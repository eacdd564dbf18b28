//! Where a connection stands, for those who wait for it to change.

use super::unanswered::Unanswered;
use tokio::sync::watch as signal;

/// Where one connection stands now.
pub(in crate::nats) struct Status(signal::Sender<State>);

/// What is known of a connection.
#[derive(Debug, Clone)]
pub(in crate::nats) struct State {
    pub(in crate::nats) phase: Phase,
    /// Counts the times the connection was made anew.
    pub(in crate::nats) epoch: u64,
    /// The last denial since then.
    pub(in crate::nats) denial: Option<Denial>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) enum Phase {
    /// The client has a server.
    Connected,
    /// The client has lost its server, and another one is looked for.
    Lost,
    /// A client that somebody else made has ended, so that nothing can be asked any more.
    Ended,
    /// Closed here, while the client still has a server.
    Leaving,
    /// Closed here, and the client has no server.
    Closed,
}

/// A subject that the server refuses to this user, and its words.
#[derive(Debug, Clone)]
pub(in crate::nats) struct Denial {
    pub(in crate::nats) subject: String,
    pub(in crate::nats) text: String,
}

impl Status {
    /// The status of a connection that was just made.
    pub(in crate::nats) fn connected() -> Self {
        Self(signal::Sender::new(State { phase: Phase::Connected, epoch: 0, denial: None }))
    }

    pub(in crate::nats) fn subscribe(&self) -> signal::Receiver<State> {
        self.0.subscribe()
    }

    pub(in crate::nats) fn phase(&self) -> Phase {
        self.0.borrow().phase
    }

    pub(in crate::nats) fn denial(&self) -> Option<Denial> {
        self.0.borrow().denial.clone()
    }

    /// Says why nothing can be asked any more, if that is so.
    pub(in crate::nats) fn check_open(&self) -> Result<(), Unanswered> {
        match self.phase() {
            Phase::Connected | Phase::Lost => Ok(()),
            Phase::Ended => Err(Unanswered::Ended),
            Phase::Leaving | Phase::Closed => Err(Unanswered::Closed),
        }
    }

    /// Waits while the connection is lost.
    pub(in crate::nats) async fn while_lost(&self) {
        self.wait_for(|phase| phase != Phase::Lost).await;
    }

    /// Waits until the connection is closed here.
    pub(in crate::nats) async fn closed(&self) {
        self.wait_for(Phase::is_closed).await;
    }

    /// Waits until the client has no server.
    pub(in crate::nats) async fn left(&self) {
        self.wait_for(|phase| !phase.has_server()).await;
    }

    /// Notes that the client has a server again; true if it had none.
    pub(in crate::nats) fn regain(&self) -> bool {
        self.0.send_if_modified(|state| {
            let regained = state.phase == Phase::Lost;
            if regained {
                *state = State { phase: Phase::Connected, epoch: state.epoch + 1, denial: None };
            }
            regained
        })
    }

    /// Notes that the client has no server; true if it had one.
    pub(in crate::nats) fn lose(&self) -> bool {
        let before = self.change(|phase| match phase {
            Phase::Connected => Phase::Lost,
            Phase::Leaving => Phase::Closed,
            Phase::Lost | Phase::Ended | Phase::Closed => phase,
        });
        before.has_server()
    }

    /// Notes that the client has ended and no other follows; true if it had a server.
    pub(in crate::nats) fn end(&self) -> bool {
        let before = self.change(|phase| match phase {
            Phase::Connected | Phase::Lost | Phase::Ended => Phase::Ended,
            Phase::Leaving | Phase::Closed => Phase::Closed,
        });
        before.has_server()
    }

    /// Notes that the connection is closed here.
    pub(in crate::nats) fn close(&self) {
        self.change(|phase| if phase.has_server() { Phase::Leaving } else { Phase::Closed });
    }

    /// Notes a denial of the server.
    pub(in crate::nats) fn deny(&self, denial: Denial) {
        self.0.send_modify(|state| state.denial = Some(denial));
    }

    /// Moves to another phase, and says which one was before.
    fn change(&self, to: impl FnOnce(Phase) -> Phase) -> Phase {
        let mut before = Phase::Closed;
        self.0.send_if_modified(|state| {
            before = state.phase;
            state.phase = to(before);
            state.phase != before
        });
        before
    }

    async fn wait_for(&self, reached: impl Fn(Phase) -> bool) {
        // The sender is here, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|state| reached(state.phase)).await;
    }
}

impl Phase {
    pub(in crate::nats) fn is_closed(self) -> bool {
        matches!(self, Self::Leaving | Self::Closed)
    }

    /// True while the client has a server.
    pub(in crate::nats) fn has_server(self) -> bool {
        matches!(self, Self::Connected | Self::Leaving)
    }
}

impl Denial {
    /// Reads an error that the server sent, if it names a subject: between the last two quotes.
    pub(in crate::nats) fn parse(error: &str) -> Option<Self> {
        let subject = error.rsplit('"').nth(1)?;
        Some(Self { subject: subject.to_owned(), text: error.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[test]
    fn a_connection_made_anew_has_a_number_and_no_denial() {
        let status = Status::connected();
        assert!(!status.regain());
        status.deny(Denial { subject: "a".into(), text: "no".into() });
        assert!(status.lose() && !status.lose());
        assert_eq!(status.check_open(), Ok(()));
        assert!(status.denial().is_some());
        assert!(status.regain() && !status.regain());
        let state = status.subscribe().borrow().clone();
        assert!(matches!(state, State { phase: Phase::Connected, epoch: 1, denial: None }));
    }

    #[test]
    fn a_denial_names_the_subject_between_the_last_two_quotes() {
        let text = r#"Permissions Violation for Publish to "$KV.b.a""#;
        let denial = Denial::parse(text).unwrap();
        assert_eq!((denial.subject.as_str(), denial.text.as_str()), ("$KV.b.a", text));
        assert!(Denial::parse("Stale Connection").is_none());
    }

    #[test]
    fn l5_what_was_closed_or_has_ended_is_never_connected_again() {
        for (lose_first, ended) in [(false, false), (false, true), (true, false), (true, true)] {
            let status = Status::connected();
            if lose_first {
                assert!(status.lose());
            }
            if ended {
                assert_eq!(status.end(), !lose_first);
                assert!(!status.regain());
                assert_eq!(status.check_open(), Err(Unanswered::Ended));
            }
            let has_server = !lose_first && !ended;
            status.close();
            assert_eq!(status.phase().has_server(), has_server);
            assert_eq!(status.check_open(), Err(Unanswered::Closed));
            assert_eq!(status.lose(), has_server);
            assert!(!status.regain() && !status.end());
            assert_eq!(status.phase(), Phase::Closed);
        }
    }

    #[tokio::test]
    async fn who_waits_is_told_of_each_phase() {
        const LONG: Duration = Duration::from_secs(10);
        let status = Status::connected();
        timeout(LONG, status.while_lost()).await.unwrap();
        status.lose();
        timeout(LONG, status.left()).await.unwrap();
        let closing = async {
            tokio::task::yield_now().await;
            status.close();
        };
        let waiting = async { tokio::join!(status.while_lost(), status.closed(), closing) };
        timeout(LONG, waiting).await.unwrap();
    }
}
