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

/// An inbox that a consumer delivers to.
pub(super) struct Inbox {
    subject: Subject,
    /// Whom messages are asked of.
    asked: Subject,
    way: Way,
}

enum Way {
    Client { client: Client, messages: Subscriber },
    Lane { messages: Subscription, come: std::vec::IntoIter<Outcome> },
}

impl Inbox {
    /// Subscribes, over the lane if it is open. `asked` is what will be asked for messages.
    pub(super) async fn open(link: &Link, asked: Subject) -> Result<Self, KvError> {
        if let Some(inbox) = Self::over_lane(link, asked.clone()) {
            return Ok(inbox);
        }
        let client = link.client().clone();
        let subject = Subject::from(client.new_inbox());
        let messages = client.subscribe(subject.clone()).await.map_err(|error| {
            KvError::ConnectionFailed(format!("cannot subscribe for a watch: {error}"))
        })?;
        Ok(Self { subject, asked, way: Way::Client { client, messages } })
    }

    /// Subscribes over the lane, if it is open. An `asked` that ends in a dot is all subjects below.
    pub(super) fn over_lane(link: &Link, asked: Subject) -> Option<Self> {
        let subject = Subject::from(link.client().new_inbox());
        let messages = link.lane()?.subscribe(&subject, asked.clone()).ok()?;
        let way = Way::Lane { messages, come: Vec::new().into_iter() };
        Some(Self { subject, asked, way })
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The subjects that the server must allow for messages to come.
    pub(super) fn needs(&self) -> [Subject; 2] {
        [self.subject.clone(), self.asked.clone()]
    }

    /// Sends a request whose answers come here. Waits while the connection is down.
    pub(super) async fn pull(&self, request: Bytes) -> Result<(), End> {
        let Self { subject, asked, way } = self;
        match way {
            Way::Client { client, .. } => {
                let (to, from) = (asked.clone(), subject.clone());
                client.publish_with_reply(to, from, request).await.map_err(|_| End::Closed)
            }
            Way::Lane { messages, .. } => messages.ask(asked, subject, &request).map_err(end),
        }
    }

    /// Sends an empty message over the lane. What is delivered otherwise is not told anything.
    pub(super) fn tell(&self, to: &str) -> Result<(), End> {
        match &self.way {
            Way::Client { .. } => Ok(()),
            Way::Lane { messages, .. } => messages.ask(to, &self.subject, &[]).map_err(end),
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
