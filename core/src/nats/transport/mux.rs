//! Matches answers to requests, for every transport.
//!
//! A request costs a slot in a table and no subscription, task or timer of its own: answers come to
//! one inbox and are told apart by the last token of their subject, and one sweep fails whatever is
//! overdue.

use super::answers::{Answer, Answers};
use super::headers::Headers;
use super::pending::{Listener, Outcome, PendingAnswers, sweep};
use super::response::Response;
use super::ticket::Ticket;
use super::unanswered::{Unanswered, Unwritten};
use crate::lock::Mutex;
use async_nats::Subject;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::AbortHandle;

/// Carries requests to a server.
pub(in crate::nats) trait Transport {
    /// Hands a request to the connection; after an error it did not get there. Its answers are to
    /// come to the digits of `ticket` below `inbox`.
    fn send(
        &self,
        subject: Subject,
        inbox: &str,
        ticket: Ticket,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> impl Future<Output = Result<(), Unanswered>> + Send;
}

/// Asks over one transport.
pub(in crate::nats) struct Mux<T> {
    transport: T,
    /// Up to its last token.
    inbox: String,
    pending: Arc<Mutex<PendingAnswers>>,
    /// They hold on to the transport, so they end with this object and not the other way round.
    tasks: [AbortHandle; 2],
}

impl<T: Transport> Mux<T> {
    /// Asks over `transport`. The future of `deliver` hands out the messages that come to the
    /// inbox, by the table that it is given.
    pub(in crate::nats) fn start<F: Future<Output: Send> + Send + 'static>(
        transport: T,
        inbox: String,
        deliver: impl FnOnce(Weak<Mutex<PendingAnswers>>) -> F,
    ) -> Self {
        let pending = Arc::new(Mutex::new(PendingAnswers::default()));
        let deliver = tokio::spawn(deliver(Arc::downgrade(&pending)));
        let sweep = tokio::spawn(sweep(Arc::downgrade(&pending)));
        let tasks = [deliver.abort_handle(), sweep.abort_handle()];
        Self { transport, inbox, pending, tasks }
    }

    /// Sends a request and waits for its one answer, no longer than `timeout`.
    pub(in crate::nats) async fn ask(
        &self,
        subject: Subject,
        headers: Option<&Headers>,
        payload: &[u8],
        timeout: Duration,
    ) -> Outcome {
        self.write(subject, headers, payload, timeout).await.map_err(Unwritten::why)
    }

    /// As [`ask`](Self::ask), for a request that must not be repeated: the error says whether it
    /// was sent.
    pub(in crate::nats) async fn write(
        &self,
        subject: Subject,
        headers: Option<&Headers>,
        payload: &[u8],
        timeout: Duration,
    ) -> Result<Response, Unwritten> {
        let ticket = {
            let mut pending = self.pending.lock();
            pending.check_open().map_err(Unwritten::NeverSent)?;
            pending.wait_for(subject.clone(), timeout)
        };
        let answer = Answer::new(&self.pending, ticket);
        let sent = self.transport.send(subject, &self.inbox, ticket, headers, payload).await;
        sent.map_err(|why| Unwritten::NeverSent(self.or_end(why)))?;
        answer.await.map_err(Unwritten::Sent)
    }

    /// Sends a request that is answered by several messages.
    pub(in crate::nats) async fn ask_many(
        &self,
        subject: Subject,
        payload: &[u8],
    ) -> Result<Answers, Unanswered> {
        let answers = self.answers(subject.clone());
        let sent = self.transport.send(subject, &self.inbox, answers.ticket(), None, payload);
        sent.await.map_err(|why| self.or_end(why))?;
        Ok(answers)
    }
}

impl<T> Mux<T> {
    pub(in crate::nats) fn transport(&self) -> &T {
        &self.transport
    }

    /// The subject that answers come to, up to its last token.
    pub(in crate::nats) fn inbox(&self) -> &str {
        &self.inbox
    }

    /// A slot for the answers of whoever is asked by this subject.
    pub(in crate::nats) fn answers(&self, subject: Subject) -> Answers {
        let ticket = self.pending.lock().wait_for_many(subject);
        Answers::new(self.pending.clone(), ticket)
    }

    /// A slot whose answers `listener` is told as they are read.
    pub(in crate::nats) fn listen(
        &self,
        subject: Subject,
        timeout: Duration,
        listener: Listener,
    ) -> Ticket {
        self.pending.lock().tell_of(subject, timeout, listener)
    }

    /// Fails one request.
    pub(in crate::nats) fn fail(&self, ticket: Ticket, why: Unanswered) {
        self.pending.lock().answer(ticket, Err(why));
    }

    /// Fails the requests that were under way when the connection was cut.
    pub(in crate::nats) fn cut(&self) {
        self.pending.lock().fail(&Unanswered::Cut, |_| true);
    }

    /// Fails the requests that a denial of the server is about.
    pub(in crate::nats) fn deny(&self, subject: &str, text: &str) {
        if subject.strip_suffix('*') == Some(&self.inbox) {
            // No request will ever be answered. Those that were sent before may have been carried
            // out, so they are cut and not denied.
            self.cut();
            self.end(Unanswered::Denied(text.to_owned()));
        } else {
            self.pending.lock().deny(subject, text);
        }
    }

    /// Takes a denial of the inbox back: on a connection made anew it may be allowed.
    pub(in crate::nats) fn revive(&self) {
        self.pending.lock().revive();
    }

    /// Fails every request from now on.
    pub(in crate::nats) fn end(&self, why: Unanswered) {
        self.pending.lock().end(why);
    }

    /// Why a transport did not take a request: it was cut, unless everything has ended.
    fn or_end(&self, why: Unanswered) -> Unanswered {
        self.pending.lock().check_open().err().unwrap_or(why)
    }

    /// Ends the tasks that hand out answers.
    pub(in crate::nats) fn stop(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl<T> Drop for Mux<T> {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nats::transport::response::StoredMessage;
    use bytes::Bytes;
    use futures_util::FutureExt;
    use std::future::{pending, ready};

    /// Notes what is sent, or takes nothing.
    #[derive(Default)]
    struct Noted {
        sent: Mutex<Vec<Ticket>>,
        is_cut: bool,
    }

    impl Transport for Noted {
        fn send(
            &self,
            _: Subject,
            _: &str,
            ticket: Ticket,
            _: Option<&Headers>,
            _: &[u8],
        ) -> impl Future<Output = Result<(), Unanswered>> + Send {
            self.sent.lock().push(ticket);
            ready(if self.is_cut { Err(Unanswered::Cut) } else { Ok(()) })
        }
    }

    const LONG: Duration = Duration::from_secs(60);
    const INBOX: &str = "_INBOX.a.";

    fn mux(is_cut: bool) -> Mux<Noted> {
        let noted = Noted { is_cut, ..Noted::default() };
        Mux::start(noted, INBOX.to_owned(), |_| pending::<()>())
    }

    fn response(text: &'static str) -> Response {
        let payload = Bytes::from_static(text.as_bytes());
        let (subject, headers) = (String::new(), Bytes::new());
        Response::Stored(Box::new(StoredMessage { subject, headers, payload }))
    }

    #[tokio::test]
    async fn answers_come_to_their_requests_in_any_order() {
        let mux = mux(false);
        let mut asks: Vec<_> = ["a", "b", "c"]
            .into_iter()
            .map(|subject| Box::pin(mux.ask(subject.into(), None, &[], LONG)))
            .collect();
        assert!(asks.iter_mut().all(|ask| ask.as_mut().now_or_never().is_none()));
        let sent = mux.transport().sent.lock().clone();
        for (ticket, text) in sent.iter().zip(["1", "2", "3"]).rev() {
            mux.pending.lock().answer(*ticket, Ok(response(text)));
        }
        for (ask, text) in asks.into_iter().zip(["1", "2", "3"]) {
            let answer = ask.now_or_never().unwrap().unwrap();
            assert_eq!(answer.payload(), text.as_bytes());
        }
    }

    #[tokio::test]
    async fn w9_only_what_a_transport_took_is_in_doubt() {
        let cut = mux(true);
        let write = || cut.write("a".into(), None, &[], LONG).now_or_never();
        let never = |why| Some(Unwritten::NeverSent(why));
        assert_eq!(write().map(Result::unwrap_err), never(Unanswered::Cut));
        cut.end(Unanswered::Closed);
        assert_eq!(write().map(Result::unwrap_err), never(Unanswered::Closed));
        assert_eq!(cut.transport().sent.lock().len(), 1);
        let open = mux(false);
        let mut write = Box::pin(open.write("a".into(), None, &[], LONG));
        assert!(write.as_mut().now_or_never().is_none());
        open.cut();
        assert_eq!(write.await.unwrap_err(), Unwritten::Sent(Unanswered::Cut));
    }

    #[tokio::test]
    async fn a_denial_of_the_inbox_ends_all_requests_until_the_connection_is_made_anew() {
        let mux = mux(false);
        let ask = || Box::pin(mux.ask("a".into(), None, &[], LONG));
        let mut before = ask();
        assert!(before.as_mut().now_or_never().is_none());
        mux.deny("_INBOX.a.*", "no");
        assert_eq!(before.await.unwrap_err(), Unanswered::Cut);
        assert_eq!(ask().await.unwrap_err(), Unanswered::Denied("no".into()));
        mux.revive();
        let mut after = ask();
        assert!(after.as_mut().now_or_never().is_none());
        mux.deny("a", "not that");
        assert_eq!(after.await.unwrap_err(), Unanswered::Denied("not that".into()));
    }
}
