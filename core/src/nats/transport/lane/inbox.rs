//! The inbox that a consumer delivers to. It is one of the lane: headers that others wrote may end
//! async-nats.

use super::subscription::Subscription;
use crate::nats::transport::pending::Outcome;
use crate::nats::transport::response::Response;
use crate::nats::transport::unanswered::Unanswered;
use async_nats::Subject;
use bytes::Bytes;

/// An inbox that a consumer delivers to.
pub(in crate::nats) struct Inbox {
    subject: Subject,
    /// The subject that messages are asked of.
    asked: Subject,
    messages: Subscription,
    come: std::vec::IntoIter<Outcome>,
}

impl Inbox {
    /// An inbox over `messages`, which listens to `subject`. `asked` is the subject that messages
    /// are asked of; one that ends in a dot stands for all subjects below.
    pub(in crate::nats) fn over(messages: Subscription, subject: Subject, asked: Subject) -> Self {
        Self { subject, asked, messages, come: Vec::new().into_iter() }
    }

    pub(in crate::nats) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The subjects that the server must allow for messages to come.
    pub(in crate::nats) fn needs(&self) -> [Subject; 2] {
        [self.subject.clone(), self.asked.clone()]
    }

    /// Sends a request whose answers come here.
    pub(in crate::nats) fn pull(&self, request: &Bytes) -> Result<(), Unanswered> {
        self.messages.ask(&self.asked, &self.subject, request)
    }

    /// Sends an empty message.
    pub(in crate::nats) fn tell(&self, to: &str) -> Result<(), Unanswered> {
        self.messages.ask(to, &self.subject, &[])
    }

    /// The next message, if it is here already.
    pub(in crate::nats) fn ready(&mut self) -> Result<Option<Response>, Unanswered> {
        if self.come.len() == 0 {
            let mut more = Vec::new();
            self.messages.ready(&mut more);
            self.come = more.into_iter();
        }
        self.come.next().transpose()
    }

    /// The next message. Dropping the future loses none.
    pub(in crate::nats) async fn next(&mut self) -> Result<Response, Unanswered> {
        loop {
            if let Some(message) = self.ready()? {
                return Ok(message);
            }
            self.messages.wait().await;
        }
    }
}
