//! Makes the next client where one has ended.
//!
//! A client ends for good when its task does: async-nats panics over some messages that a server
//! may send. That is a lost connection like any other, and another client is made for it.

use super::current::Current;
use super::events::Events;
use crate::kv::KvError;
use crate::nats::connect::client::{connect, reconnect_delay};
use crate::nats::connect::config::Settings;
use crate::nats::transport::unanswered::Unanswered;
use async_nats::connection::State;
use async_nats::{Client, Subscriber};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Makes the clients of one connection after the first.
pub(in crate::nats) struct Renewal {
    client: Arc<Current>,
    events: Arc<Events>,
    /// How the client was made; none if it was handed in, so that its owner has to make another
    /// one.
    settings: Option<Box<Settings>>,
    /// Clients that ended soon after they were made, one after the other.
    rounds: usize,
    since: Instant,
}

/// A client that lived this long was not ended by something that the next one meets at once.
const STEADY: Duration = Duration::from_secs(10);

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
        if self.events.status().phase().is_closed() {
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
            () = events.status().closed() => Err(Unanswered::Closed),
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
        let (client, _) = connect(settings, &teller).await?;
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
