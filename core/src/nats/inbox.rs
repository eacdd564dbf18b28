//! What a consumer delivers to, by whichever way it comes.

use super::consumer::End;
use super::link::Link;
use super::request::Unanswered;
use super::response::Response;
use super::subscription::Subscription;
use super::table::Outcome;
use crate::kv::KvError;
use async_nats::{Client, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};

/// An inbox that messages are pulled to.
pub(super) struct Inbox {
    subject: Subject,
    way: Way,
}

enum Way {
    Client { client: Client, messages: Subscriber },
    Lane { messages: Subscription, come: std::vec::IntoIter<Outcome> },
}

impl Inbox {
    /// Subscribes, over the lane if it is open. `pull_to` is what will be asked for messages.
    pub(super) async fn open(link: &Link, pull_to: Subject) -> Result<Self, KvError> {
        let client = link.client();
        let subject = Subject::from(client.new_inbox());
        let over_lane = link.lane().and_then(|lane| lane.subscribe(&subject, pull_to).ok());
        let way = match over_lane {
            Some(messages) => Way::Lane { messages, come: Vec::new().into_iter() },
            None => {
                let messages = client.subscribe(subject.clone()).await.map_err(|error| {
                    KvError::ConnectionFailed(format!("cannot subscribe for a watch: {error}"))
                })?;
                Way::Client { client: client.clone(), messages }
            }
        };
        Ok(Self { subject, way })
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Sends a request whose answers come here. Waits while the connection is down.
    pub(super) async fn pull(&self, to: Subject, request: Bytes) -> Result<(), End> {
        match &self.way {
            Way::Client { client, .. } => {
                let sent = client.publish_with_reply(to, self.subject.clone(), request).await;
                sent.map_err(|_| End::Closed)
            }
            Way::Lane { messages, .. } => messages.ask(&self.subject, &request).map_err(end),
        }
    }

    /// The next message, if it is here already.
    pub(super) fn ready(&mut self) -> Result<Option<Response>, End> {
        match &mut self.way {
            Way::Client { messages, .. } => match messages.next().now_or_never() {
                Some(message) => message.map(|it| Some(it.into())).ok_or(End::Closed),
                None => Ok(None),
            },
            Way::Lane { messages, come } => {
                if come.len() == 0 {
                    let mut more = Vec::new();
                    messages.ready(&mut more);
                    *come = more.into_iter();
                }
                come.next().transpose().map_err(end)
            }
        }
    }

    /// The next message. Dropping the future loses none.
    pub(super) async fn next(&mut self) -> Result<Response, End> {
        loop {
            if let Some(message) = self.ready()? {
                return Ok(message);
            }
            match &mut self.way {
                Way::Client { messages, .. } => {
                    return messages.next().await.map(Response::from).ok_or(End::Closed);
                }
                Way::Lane { messages, .. } => messages.wait().await,
            }
        }
    }
}

fn end(why: Unanswered) -> End {
    match why {
        Unanswered::Cut | Unanswered::Late => End::Lost("the connection was cut"),
        Unanswered::Denied(text) => End::Denied(text),
        Unanswered::Closed => End::Closed,
    }
}
