//! What a consumer delivers to. That is over the lane: what others wrote may end async-nats.

use super::link::Link;
use super::pending::Outcome;
use super::request::Unanswered;
use super::response::Response;
use super::subscription::Subscription;
use crate::kv::KvError;
use crate::nats::jetstream::consumer::End;
use async_nats::Subject;
use bytes::Bytes;

/// An inbox that a consumer delivers to.
pub(in crate::nats) struct Inbox {
    subject: Subject,
    /// Whom messages are asked of.
    asked: Subject,
    messages: Subscription,
    come: std::vec::IntoIter<Outcome>,
}

impl Inbox {
    /// Subscribes. `asked` is what will be asked for messages; one that ends in a dot is all
    /// subjects below.
    pub(in crate::nats) fn open(link: &Link, asked: Subject) -> Result<Self, KvError> {
        let subject = Subject::from(link.new_inbox());
        let lane = link.lane().ok_or(Unanswered::Cut)?;
        let messages = lane.subscribe(&subject, asked.clone())?;
        Ok(Self { subject, asked, messages, come: Vec::new().into_iter() })
    }

    pub(in crate::nats) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The subjects that the server must allow for messages to come.
    pub(in crate::nats) fn needs(&self) -> [Subject; 2] {
        [self.subject.clone(), self.asked.clone()]
    }

    /// Sends a request whose answers come here.
    pub(in crate::nats) fn pull(&self, request: &Bytes) -> Result<(), End> {
        self.messages.ask(&self.asked, &self.subject, request).map_err(end)
    }

    /// Sends an empty message.
    pub(in crate::nats) fn tell(&self, to: &str) -> Result<(), End> {
        self.messages.ask(to, &self.subject, &[]).map_err(end)
    }

    /// The next message, if it is here already.
    pub(in crate::nats) fn ready(&mut self) -> Result<Option<Response>, End> {
        if self.come.len() == 0 {
            let mut more = Vec::new();
            self.messages.ready(&mut more);
            self.come = more.into_iter();
        }
        self.come.next().transpose().map_err(end)
    }

    /// The next message. Dropping the future loses none.
    pub(in crate::nats) async fn next(&mut self) -> Result<Response, End> {
        loop {
            if let Some(message) = self.ready()? {
                return Ok(message);
            }
            self.messages.wait().await;
        }
    }
}

pub(in crate::nats) fn end(why: Unanswered) -> End {
    match why {
        Unanswered::Cut | Unanswered::Late => End::Lost("the connection was cut"),
        Unanswered::Denied(text) => End::Denied(text),
        Unanswered::Closed => End::Closed,
        // Going on anew finds out that there is no client to go on by.
        Unanswered::Ended => End::Lost("the client has ended"),
    }
}
