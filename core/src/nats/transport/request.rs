//! Requests and their replies, multiplexed over one inbox.
//!
//! A request costs a slot in a table and no subscription, task or timer of its own: replies are
//! told apart by the last token of their subject, and one sweep fails whatever is overdue.

use super::current::{Current, Renewal};
use super::headers::Headers;
use super::outgoing::Outgoing;
use super::pending::{Answer, Answers, Listener, Outcome, PendingAnswers, Ticket, sweep};
use super::response::Response;
use super::wire::write_request;
use crate::kv::KvError;
use crate::lock::Mutex;
use async_nats::{Client, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::AbortHandle;

/// Asks over one connection.
pub(in crate::nats) struct Requests {
    way: Way,
    /// The inbox up to its last token.
    inbox: String,
    table: Arc<Mutex<PendingAnswers>>,
    /// They hold on to the client, so they end with this object and not the other way round.
    tasks: [AbortHandle; 2],
}

/// How a request gets to the server.
enum Way {
    Client(Arc<Current>),
    Lane(Arc<Outgoing>),
}

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
    fn why(self) -> Unanswered {
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

impl Requests {
    /// Subscribes to an inbox and starts to hand out its replies, also those by the clients that
    /// follow this one.
    pub(in crate::nats) async fn over_client(
        client: Arc<Current>,
        renewal: Renewal,
    ) -> Result<Self, KvError> {
        let inbox = new_inbox(&client.get());
        let replies = renewal.subscribe(&format!("{inbox}*")).await?;
        let deliver = |table| deliver(replies, table, inbox.clone(), renewal);
        Ok(Self::start(Way::Client(client), inbox.clone(), deliver))
    }

    /// Requests whose replies are handed out by `deliver`, which is given their table.
    pub(in crate::nats) fn over_lane<F: Future<Output: Send> + Send + 'static>(
        inbox: String,
        outgoing: Arc<Outgoing>,
        deliver: impl FnOnce(Weak<Mutex<PendingAnswers>>) -> F,
    ) -> Self {
        Self::start(Way::Lane(outgoing), inbox, deliver)
    }

    fn start<F: Future<Output: Send> + Send + 'static>(
        way: Way,
        inbox: String,
        deliver: impl FnOnce(Weak<Mutex<PendingAnswers>>) -> F,
    ) -> Self {
        let table = Arc::new(Mutex::new(PendingAnswers::default()));
        let deliver = tokio::spawn(deliver(Arc::downgrade(&table)));
        let sweep = tokio::spawn(sweep(Arc::downgrade(&table)));
        Self { way, inbox, table, tasks: [deliver.abort_handle(), sweep.abort_handle()] }
    }

    /// Sends a request and waits for its one answer, no longer than `patience`.
    pub(in crate::nats) async fn ask(
        &self,
        subject: Subject,
        headers: Option<&Headers>,
        payload: &[u8],
        patience: Duration,
    ) -> Outcome {
        self.write(subject, headers, payload, patience).await.map_err(Unwritten::why)
    }

    /// As [`ask`](Self::ask), for what the server may be asked only once.
    pub(in crate::nats) async fn write(
        &self,
        subject: Subject,
        headers: Option<&Headers>,
        payload: &[u8],
        patience: Duration,
    ) -> Result<Response, Unwritten> {
        let ticket = {
            let mut table = self.table.lock();
            table.check_open().map_err(Unwritten::NeverSent)?;
            table.wait_for(subject.clone(), patience)
        };
        let answer = Answer { table: &self.table, ticket };
        let sent = self.send(subject, ticket, headers, payload).await;
        sent.map_err(Unwritten::NeverSent)?;
        answer.await.map_err(Unwritten::Sent)
    }

    /// Sends a request that is answered by several messages.
    pub(in crate::nats) async fn ask_many(
        &self,
        subject: Subject,
        payload: &[u8],
    ) -> Result<Answers, Unanswered> {
        let answers = self.answers(subject.clone());
        self.send(subject, answers.ticket, None, payload).await?;
        Ok(answers)
    }

    /// Sends a request over the lane, whose answers `listener` is told as they are read.
    pub(in crate::nats) fn tell(
        &self,
        subject: Subject,
        payload: &[u8],
        patience: Duration,
        listener: Listener,
    ) {
        let Way::Lane(outgoing) = &self.way else { return };
        let ticket = self.table.lock().tell(subject.clone(), patience, listener);
        if let Err(why) = self.push(outgoing, &subject, ticket, &[], payload) {
            self.table.lock().answer(ticket, Err(why));
        }
    }

    /// A slot for what is asked of this subject.
    pub(in crate::nats) fn answers(&self, subject: Subject) -> Answers {
        let ticket = self.table.lock().wait_for_many(subject);
        Answers { table: self.table.clone(), ticket }
    }

    /// Fails every request that is under way.
    pub(in crate::nats) fn fail_all(&self, why: &Unanswered) {
        self.table.lock().fail(why, |_| true);
    }

    /// Fails every request from now on.
    pub(in crate::nats) fn end(&self, why: Unanswered) {
        self.table.lock().end(why);
    }

    /// Asks again on a connection made anew, where this user may be allowed what it was not.
    pub(in crate::nats) fn revive(&self) {
        self.table.lock().revive();
    }

    /// Fails the requests to one subject, for those are what the server has just refused.
    pub(in crate::nats) fn deny(&self, subject: &str, text: &str) {
        self.table.lock().deny(subject, text);
    }

    /// Whether this subject is the inbox that answers come to.
    pub(in crate::nats) fn is_inbox(&self, subject: &str) -> bool {
        subject.strip_suffix('*') == Some(&self.inbox)
    }

    /// Ends what hands out replies.
    pub(in crate::nats) fn stop(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }

    /// Hands a request to the connection; after an error it did not get there.
    async fn send(
        &self,
        subject: Subject,
        ticket: Ticket,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<(), Unanswered> {
        match &self.way {
            Way::Client(client) => {
                let client = client.get();
                Box::pin(self.publish(&client, subject, ticket, headers, payload)).await
            }
            Way::Lane(outgoing) => {
                let headers = headers.map_or(&[][..], Headers::text);
                self.push(outgoing, &subject, ticket, headers, payload)
            }
        }
    }

    async fn publish(
        &self,
        client: &Client,
        subject: Subject,
        ticket: Ticket,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<(), Unanswered> {
        let payload = Bytes::copy_from_slice(payload);
        let digits = ticket.digits();
        let token = digits.iter().copied().map(char::from);
        let inbox: Subject = self.inbox.chars().chain(token).collect::<String>().into();
        let sent = match headers {
            None => client.publish_with_reply(subject, inbox, payload).await,
            Some(headers) => {
                let headers = headers.map();
                client.publish_with_reply_and_headers(subject, inbox, headers, payload).await
            }
        };
        // Subjects and sizes were checked before, so what is left is a client that has ended, and
        // either everything with it or another one comes.
        sent.map_err(|_| self.table.lock().check_open().err().unwrap_or(Unanswered::Cut))
    }

    fn push(
        &self,
        outgoing: &Arc<Outgoing>,
        subject: &Subject,
        ticket: Ticket,
        headers: &[u8],
        payload: &[u8],
    ) -> Result<(), Unanswered> {
        let inbox = [self.inbox.as_bytes(), &ticket.digits()];
        outgoing.push(|out| write_request(out, subject, inbox, headers, payload))
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An inbox nobody else has, up to its last token.
pub(in crate::nats) fn new_inbox(client: &Client) -> String {
    let mut inbox = client.new_inbox();
    inbox.push('.');
    inbox
}

/// Hands out the replies to an inbox, for as long as there is a client to get them by.
async fn deliver(
    mut replies: Subscriber,
    table: Weak<Mutex<PendingAnswers>>,
    inbox: String,
    mut renewal: Renewal,
) {
    loop {
        hand_out(&mut replies, &table, inbox.len()).await;
        if table.strong_count() == 0 {
            return;
        }
        match renewal.renew(&format!("{inbox}*")).await {
            Ok(others) => replies = others,
            Err(why) => {
                if let Some(table) = table.upgrade() {
                    table.lock().end(why);
                }
                return;
            }
        }
    }
}

/// Hands out replies until the client has ended.
async fn hand_out(replies: &mut Subscriber, table: &Weak<Mutex<PendingAnswers>>, token_at: usize) {
    let mut next = replies.next().await;
    while let Some(first) = next {
        let Some(table) = table.upgrade() else { return };
        {
            // What else has come is handed out under the same lock.
            let mut table = table.lock();
            let mut ready = Some(first);
            while let Some(message) = ready {
                let token = message.subject.as_bytes().get(token_at..);
                if let Some(ticket) = token.and_then(Ticket::parse) {
                    table.answer(ticket, Ok(message.into()));
                }
                ready = replies.next().now_or_never().flatten();
            }
        }
        next = replies.next().await;
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
