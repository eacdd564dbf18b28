//! The consumers that one connection has made on the server, and must remove from it.

use super::api::Reply;
use crate::kv::{Footprint, KvError};
use crate::lock::Mutex;
use crate::nats::transport::router::Router;
use futures_util::future::join_all;
use serde::de::IgnoredAny;
use std::collections::HashMap;
use std::sync::Arc;

/// The consumers on the server that watches of one connection read.
pub(in crate::nats) struct Consumers {
    router: Arc<Router>,
    /// Each with the watch that it is a part of.
    made: Mutex<HashMap<ConsumerName, Footprint>>,
}

/// A consumer, by its stream and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::nats) struct ConsumerName {
    pub(in crate::nats) stream: String,
    pub(in crate::nats) name: String,
}

impl Consumers {
    pub(in crate::nats) fn new(router: Arc<Router>) -> Self {
        Self { router, made: Mutex::default() }
    }

    /// A name for a consumer of this stream that no other consumer has.
    pub(in crate::nats) fn new_name(&self, stream: &str) -> ConsumerName {
        let unique = self.router.new_inbox();
        let unique = unique.rsplit('.').next().unwrap_or_default();
        let name = format!("slipstream_{}_{unique}", std::process::id());
        ConsumerName { stream: stream.to_owned(), name }
    }

    /// Notes a consumer that is about to be made, as a part of a watch.
    pub(in crate::nats) fn adopt(&self, consumer: ConsumerName, footprint: Footprint) {
        self.made.lock().insert(consumer, footprint);
    }

    /// Deletes a consumer from the server, if the server can be reached. The server itself removes
    /// one that stays, once nobody asks it any more.
    pub(in crate::nats) async fn delete(&self, consumer: &ConsumerName) {
        if let Some((footprint, error)) = self.remove(consumer).await {
            footprint.stays(error);
        }
    }

    /// Removes a consumer; what it was part of and why, if it stays on the server.
    async fn remove(&self, consumer: &ConsumerName) -> Option<(Footprint, KvError)> {
        let footprint = self.made.lock().remove(consumer)?;
        let error = self.ask_to_delete(consumer).await.err()?;
        let ConsumerName { stream, name } = consumer;
        tracing::debug!(stream, name, %error, "a consumer was left for the server to remove");
        Some((footprint, error))
    }

    async fn ask_to_delete(
        &self,
        ConsumerName { stream, name }: &ConsumerName,
    ) -> Result<(), KvError> {
        if !self.router.is_reachable() {
            return Err(KvError::ConnectionFailed(
                "the connection is down; the server removes the watch's consumer by itself".into(),
            ));
        }
        let subject = format!("$JS.API.CONSUMER.DELETE.{stream}.{name}");
        let response = self.router.ask_client(subject.into(), &[]).await?;
        if response.is_no_responders() {
            let error = "no server answers for JetStream";
            return Err(KvError::ConnectionFailed(error.into()));
        }
        match serde_json::from_slice::<Reply<IgnoredAny>>(response.payload()) {
            Ok(Reply::Refused { error }) if !error.is_of_what_is_gone() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Deletes all that are left, as the connection closes. What stays on a server that cannot be
    /// reached is then no news to the watches, which end with the connection.
    pub(in crate::nats) async fn delete_all(&self) {
        let left: Vec<_> = self.made.lock().keys().cloned().collect();
        join_all(left.iter().map(|consumer| self.remove(consumer))).await;
    }
}
