//! The client of async-nats that a connection speaks through now, and the next one where that ends.
//!
//! A client ends for good when its task does: async-nats panics over some of what a server may
//! send. That is a lost connection like any other, and another client is made for it.

use super::events::Events;
use super::request::Unanswered;
use crate::kv::KvError;
use crate::lock::Mutex;
use crate::nats::connect::client::{connect, reconnect_delay};
use crate::nats::connect::config::Settings;
use async_nats::connection::State;
use async_nats::{Client, Subscriber};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The client in use.
pub(in crate::nats) struct Current(Mutex<Arc<Client>>);

/// Makes another client where one has ended.
pub(in crate::nats) struct Renewal {
    client: Arc<Current>,
    events: Arc<Events>,
    /// How it was made; nothing if it is its owner's, who has to make another one.
    settings: Option<Box<Settings>>,
    /// Clients that ended soon after they were made, one after the other.
    rounds: usize,
    since: Instant,
}

/// A client that lived this long was not ended by what the next one meets at once.
const STEADY: Duration = Duration::from_secs(10);

impl Current {
    pub(in crate::nats) fn new(client: Client) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Arc::new(client))))
    }

    pub(in crate::nats) fn get(&self) -> Arc<Client> {
        self.0.lock().clone()
    }

    /// Whether the server is at least of this version. One whose version is not to be read is not.
    pub(in crate::nats) fn server_is(&self, major: u64, minor: u64) -> bool {
        version(&self.get().server_info().version) >= Some((major, minor))
    }

    fn replace(&self, client: Client) {
        *self.0.lock() = Arc::new(client);
    }
}

impl Renewal {
    pub(in crate::nats) fn of(
        client: &Arc<Current>,
        events: &Arc<Events>,
        settings: Option<Box<Settings>>,
    ) -> Self {
        let (client, events) = (client.clone(), events.clone());
        Self { client, events, settings, rounds: 0, since: Instant::now() }
    }

    /// Subscribes to this subject by the client in use.
    pub(in crate::nats) async fn subscribe(&self, subject: &str) -> Result<Subscriber, KvError> {
        subscribe(&self.client.get(), subject).await
    }

    /// Sees to a client whose subscription to this subject has ended: another one is made, for as
    /// long as it takes, and subscribes to it again.
    pub(in crate::nats) async fn renew(&mut self, subject: &str) -> Result<Subscriber, Unanswered> {
        if self.events.is_closed() {
            return Err(Unanswered::Closed);
        }
        if self.settings.is_none() {
            self.events.end();
            return Err(Unanswered::Ended);
        }
        tracing::warn!("the client of a connection has ended; another one is made");
        self.events.lost();
        if self.since.elapsed() >= STEADY {
            self.rounds = 0;
        }
        let events = self.events.clone();
        tokio::select! {
            biased;
            () = events.closed() => Err(Unanswered::Closed),
            replies = self.replace(subject) => Ok(replies),
        }
    }

    async fn replace(&mut self, subject: &str) -> Subscriber {
        loop {
            sleep(reconnect_delay(self.rounds)).await;
            self.rounds += 1;
            match self.try_replace(subject).await {
                Ok(replies) => return replies,
                Err(error) => tracing::debug!(%error, "no other client yet"),
            }
        }
    }

    async fn try_replace(&mut self, subject: &str) -> Result<Subscriber, KvError> {
        let settings = self.settings.as_deref().ok_or(KvError::NotConnected)?;
        let teller = self.events.teller();
        let (client, _) = connect(settings, &self.events, &teller).await?;
        let replies = subscribe(&client, subject).await?;
        self.client.replace(client.clone());
        self.since = Instant::now();
        teller.hear();
        // Else it says so when it is.
        if client.connection_state() == State::Connected {
            self.events.up();
        }
        Ok(replies)
    }
}

async fn subscribe(client: &Client, subject: &str) -> Result<Subscriber, KvError> {
    client.subscribe(subject.to_owned()).await.map_err(|error| {
        KvError::ConnectionFailed(format!("cannot subscribe to an inbox: {error}"))
    })
}

/// The first two numbers of a version. Not by async-nats, which panics over some.
fn version(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.trim_start_matches('v').split(['.', '-', '+']);
    let mut number = || numbers.next().and_then(|number| number.parse().ok());
    Some((number()?, number()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x1_no_version_panics() {
        assert_eq!(version("2.11.3"), Some((2, 11)));
        assert_eq!(version("v2.15-RC.1"), Some((2, 15)));
        for text in ["", "2", "two.one", "99999999999999999999.1.1", "2.-1"] {
            assert_eq!(version(text), None, "{text:?}");
        }
        assert!(version("3.0.0") >= Some((2, 15)) && version("2.9.9") < Some((2, 10)));
    }
}
