//! A subject that is listened to over the lane.

use super::outgoing::Outgoing;
use crate::nats::transport::answers::Answers;
use crate::nats::transport::pending::Outcome;
use crate::nats::transport::unanswered::Unanswered;
use crate::nats::wire::write::{write_request, write_subscribe, write_unsubscribe};
use async_nats::Subject;
use std::sync::Arc;

/// A subject that is listened to over the lane. Dropping it ends that.
pub(in crate::nats) struct Subscription {
    answers: Answers,
    outgoing: Arc<Outgoing>,
}

impl Subscription {
    /// Subscribes under the digits of the answers' ticket.
    pub(in crate::nats) fn start(
        subject: &Subject,
        answers: Answers,
        outgoing: Arc<Outgoing>,
    ) -> Result<Self, Unanswered> {
        let digits = answers.ticket().digits();
        outgoing.push(|out| write_subscribe(out, subject, &digits))?;
        Ok(Self { answers, outgoing })
    }

    /// Sends a request whose answers come to `subject`.
    pub(in crate::nats) fn ask(
        &self,
        to: &str,
        subject: &Subject,
        request: &[u8],
    ) -> Result<(), Unanswered> {
        let inbox = [subject.as_bytes(), &[]];
        self.outgoing.push(|out| write_request(out, to, inbox, &[], request))
    }

    /// Moves the messages that have come into `into`, which is empty.
    pub(in crate::nats) fn ready(&mut self, into: &mut Vec<Outcome>) {
        self.answers.ready(into);
    }

    /// Waits until something has come.
    pub(in crate::nats) async fn wait(&mut self) {
        self.answers.wait().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let digits = self.answers.ticket().digits();
        // A lane that is closed has forgotten it.
        let _ = self.outgoing.push(|out| write_unsubscribe(out, &digits));
    }
}
