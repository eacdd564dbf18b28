//! Requests and their replies, multiplexed over one inbox.
//!
//! A request costs a slot in a table and no subscription, task or timer of its own: replies are
//! told apart by the last token of their subject, and one sweep fails whatever is overdue.

use crate::kv::KvError;
use crate::lock::Mutex;
use async_nats::header::HeaderMap;
use async_nats::{Client, Message, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Asks over one connection.
pub(super) struct Requests {
    client: Client,
    /// The inbox up to its last token.
    inbox: String,
    table: Arc<Mutex<Table>>,
    /// They hold on to the client, so they end with this object and not the other way round.
    tasks: [AbortHandle; 2],
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The connection was cut while it was under way: the server may have seen it.
    Cut,
    /// No answer within the time that one may take.
    Late,
    /// The server refuses this subject to this user, in its words.
    Denied(String),
    /// The connection is closed for good.
    Closed,
}

impl From<Unanswered> for KvError {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Cut => Self::ConnectionFailed("the connection was cut".into()),
            Unanswered::Late => Self::Timeout,
            Unanswered::Denied(text) => Self::PermissionDenied(text),
            Unanswered::Closed => Self::NotConnected,
        }
    }
}

/// How often overdue requests are looked for.
const SWEEP: Duration = Duration::from_millis(500);

impl Requests {
    /// Subscribes to an inbox and starts to hand out its replies.
    pub(super) async fn start(client: Client) -> Result<Self, KvError> {
        let mut inbox = client.new_inbox();
        inbox.push('.');
        let refused = |error: &dyn std::fmt::Display| {
            KvError::ConnectionFailed(format!("cannot subscribe to an inbox: {error}"))
        };
        let replies = client.subscribe(format!("{inbox}*")).await.map_err(|e| refused(&e))?;
        let table = Arc::new(Mutex::new(Table::default()));
        let deliver = tokio::spawn(deliver(replies, Arc::downgrade(&table), inbox.len()));
        let sweep = tokio::spawn(sweep(Arc::downgrade(&table)));
        let tasks = [deliver.abort_handle(), sweep.abort_handle()];
        Ok(Self { client, inbox, table, tasks })
    }

    /// Sends a request and waits for its one answer, no longer than `patience`.
    pub(super) async fn ask(
        &self,
        subject: Subject,
        headers: Option<HeaderMap>,
        payload: Bytes,
        patience: Duration,
    ) -> Result<Box<Message>, Unanswered> {
        let ticket = self.table.lock().wait_for(subject.clone(), sweeps(patience));
        let answer = Answer { table: &self.table, ticket };
        self.send(subject, self.inbox_of(ticket), headers, payload).await?;
        answer.await
    }

    /// Sends a request that is answered by several messages, which come through the channel.
    pub(super) async fn ask_many(
        &self,
        subject: Subject,
        payload: Bytes,
    ) -> Result<Answers, Unanswered> {
        let (tx, messages) = mpsc::unbounded_channel();
        let ticket = self.table.lock().open(Slot::Stream { subject: subject.clone(), tx });
        let answers = Answers { table: self.table.clone(), ticket, messages };
        self.send(subject, self.inbox_of(ticket), None, payload).await?;
        Ok(answers)
    }

    /// Fails every request that is under way.
    pub(super) fn fail_all(&self, why: &Unanswered) {
        self.table.lock().fail(why, |_| true);
    }

    /// Fails every request from now on.
    pub(super) fn end(&self, why: Unanswered) {
        self.table.lock().end(why);
    }

    /// Asks again on a connection made anew, where this user may be allowed what it was not.
    pub(super) fn revive(&self) {
        self.table.lock().end.take_if(|why| matches!(why, Unanswered::Denied(_)));
    }

    /// Fails the requests to one subject, for those are what the server has just refused.
    pub(super) fn deny(&self, subject: &str, text: &str) {
        let why = Unanswered::Denied(text.to_owned());
        self.table.lock().fail(&why, |asked| asked.as_str() == subject);
    }

    /// Whether this subject is the inbox that answers come to.
    pub(super) fn is_inbox(&self, subject: &str) -> bool {
        subject.strip_suffix('*') == Some(&self.inbox)
    }

    fn inbox_of(&self, ticket: Ticket) -> Subject {
        let mut inbox = String::with_capacity(self.inbox.len() + 16);
        inbox.push_str(&self.inbox);
        ticket.write(&mut inbox);
        inbox.into()
    }

    async fn send(
        &self,
        subject: Subject,
        reply: Subject,
        headers: Option<HeaderMap>,
        payload: Bytes,
    ) -> Result<(), Unanswered> {
        let sent = match headers {
            None => self.client.publish_with_reply(subject, reply, payload).await,
            Some(headers) => {
                let client = &self.client;
                client.publish_with_reply_and_headers(subject, reply, headers, payload).await
            }
        };
        // Subjects and sizes were checked before, so what is left is a client that has ended.
        sent.map_err(|_| Unanswered::Closed)
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// Several answers to one request. Dropping it gives up on the rest.
pub(super) struct Answers {
    table: Arc<Mutex<Table>>,
    ticket: Ticket,
    messages: mpsc::UnboundedReceiver<Result<Box<Message>, Unanswered>>,
}

impl Answers {
    /// The next answer, if it is here already.
    pub(super) fn ready(&mut self) -> Option<Result<Box<Message>, Unanswered>> {
        self.messages.try_recv().ok()
    }

    /// The next answer.
    pub(super) async fn next(&mut self) -> Result<Box<Message>, Unanswered> {
        self.messages.recv().await.unwrap_or(Err(Unanswered::Closed))
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.table.lock().close(self.ticket);
    }
}

/// Which slot a reply belongs to, and which of the requests that used the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticket {
    index: u32,
    turn: u32,
}

impl Ticket {
    /// Writes it as the last token of an inbox: sixteen digits.
    fn write(self, to: &mut String) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let number = u64::from(self.turn) << 32 | u64::from(self.index);
        let digit = |place: u32| char::from(DIGITS[(number >> (4 * place) & 15) as usize]);
        to.extend((0..16).rev().map(digit));
    }

    fn parse(token: &str) -> Option<Self> {
        let number = u64::from_str_radix(token, 16).ok()?;
        Some(Self { index: number as u32, turn: (number >> 32) as u32 })
    }
}

#[derive(Default)]
struct Table {
    slots: Vec<(u32, Slot)>,
    free: Vec<u32>,
    /// Counts the sweeps: a clock that costs nothing to read.
    sweeps: u32,
    /// Why no answer can come any more.
    end: Option<Unanswered>,
}

enum Slot {
    Free,
    Waiting(Waiting),
    Answered(Result<Box<Message>, Unanswered>),
    Stream { subject: Subject, tx: mpsc::UnboundedSender<Result<Box<Message>, Unanswered>> },
}

struct Waiting {
    subject: Subject,
    /// The sweep that finds it overdue.
    until: u32,
    waker: Option<Waker>,
}

impl Table {
    fn wait_for(&mut self, subject: Subject, sweeps: u32) -> Ticket {
        let until = self.sweeps.wrapping_add(sweeps);
        self.open(Slot::Waiting(Waiting { subject, until, waker: None }))
    }

    fn open(&mut self, slot: Slot) -> Ticket {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, Slot::Free));
            self.slots.len() as u32 - 1
        });
        let (turn, place) = &mut self.slots[index as usize];
        *place = slot;
        let ticket = Ticket { index, turn: *turn };
        if let Some(why) = self.end.clone() {
            self.answer(ticket, Err(why));
        }
        ticket
    }

    fn close(&mut self, ticket: Ticket) {
        let (turn, place) = &mut self.slots[ticket.index as usize];
        *place = Slot::Free;
        *turn = turn.wrapping_add(1);
        self.free.push(ticket.index);
    }

    fn answer(&mut self, ticket: Ticket, answer: Result<Box<Message>, Unanswered>) {
        let Some((turn, place)) = self.slots.get_mut(ticket.index as usize) else { return };
        if *turn != ticket.turn {
            return;
        }
        match place {
            Slot::Stream { tx, .. } => {
                // A reader that is gone has closed the slot, or is about to.
                let _ = tx.send(answer);
            }
            Slot::Waiting(waiting) => {
                let waker = waiting.waker.take();
                *place = Slot::Answered(answer);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            Slot::Free | Slot::Answered(_) => {}
        }
    }

    fn end(&mut self, why: Unanswered) {
        self.fail(&why, |_| true);
        self.end = Some(why);
    }

    fn fail(&mut self, why: &Unanswered, of: impl Fn(&Subject) -> bool) {
        self.fail_those(why, |slot| match slot {
            Slot::Waiting(Waiting { subject, .. }) | Slot::Stream { subject, .. } => of(subject),
            Slot::Free | Slot::Answered(_) => false,
        });
    }

    fn fail_those(&mut self, why: &Unanswered, which: impl Fn(&Slot) -> bool) {
        for index in 0..self.slots.len() {
            let (turn, slot) = &self.slots[index];
            if which(slot) {
                let ticket = Ticket { index: index as u32, turn: *turn };
                self.answer(ticket, Err(why.clone()));
            }
        }
    }
}

/// The answer to a request, when it is there. Dropping it frees the slot.
struct Answer<'a> {
    table: &'a Mutex<Table>,
    ticket: Ticket,
}

impl Future for Answer<'_> {
    type Output = Result<Box<Message>, Unanswered>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut table = self.table.lock();
        let slot = &mut table.slots[self.ticket.index as usize].1;
        match slot {
            Slot::Waiting(Waiting { waker, .. }) => {
                match waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => *waker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            _ => match std::mem::replace(slot, Slot::Free) {
                Slot::Answered(answer) => Poll::Ready(answer),
                _ => Poll::Ready(Err(Unanswered::Closed)),
            },
        }
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        self.table.lock().close(self.ticket);
    }
}

async fn deliver(mut replies: Subscriber, table: Weak<Mutex<Table>>, token_at: usize) {
    let mut next = replies.next().await;
    while let Some(first) = next {
        let Some(table) = table.upgrade() else { return };
        {
            // What else has come is handed out under the same lock.
            let mut table = table.lock();
            let mut ready = Some(first);
            while let Some(message) = ready {
                if let Some(ticket) = message.subject.get(token_at..).and_then(Ticket::parse) {
                    table.answer(ticket, Ok(Box::new(message)));
                }
                ready = replies.next().now_or_never().flatten();
            }
        }
        next = replies.next().await;
    }
    if let Some(table) = table.upgrade() {
        table.lock().end(Unanswered::Closed);
    }
}

/// How many sweeps a time spans. One more, since a request may be made just before a sweep.
fn sweeps(time: Duration) -> u32 {
    time.div_duration_f32(SWEEP).ceil() as u32 + 1
}

async fn sweep(table: Weak<Mutex<Table>>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(table) = table.upgrade() else { return };
        let mut table = table.lock();
        table.sweeps = table.sweeps.wrapping_add(1);
        let now = table.sweeps;
        table.fail_those(&Unanswered::Late, |slot| match slot {
            Slot::Waiting(waiting) => waiting.until == now,
            _ => false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_ticket_is_read_back(index: u32, turn: u32) {
            let mut token = String::new();
            Ticket { index, turn }.write(&mut token);
            prop_assert_eq!(Ticket::parse(&token), Some(Ticket { index, turn }));
        }

        #[test]
        fn any_token_is_a_ticket_or_not(token in "\\PC*") {
            let _ = Ticket::parse(&token);
        }
    }

    #[test]
    fn an_answer_that_comes_too_late_goes_to_nobody() {
        let table = Mutex::new(Table::default());
        let first = table.lock().wait_for("a".into(), 9);
        drop(Answer { table: &table, ticket: first });
        let second = table.lock().wait_for("b".into(), 9);
        assert_eq!((first.index, first.turn + 1), (second.index, second.turn));
        table.lock().answer(first, Err(Unanswered::Late));
        assert!(matches!(table.lock().slots[0].1, Slot::Waiting(_)));
    }

    #[test]
    fn a_time_spans_at_least_its_sweeps() {
        assert_eq!(sweeps(Duration::ZERO), 1);
        assert_eq!(sweeps(SWEEP), 2);
        assert_eq!(sweeps(SWEEP * 3 / 2), 3);
    }

    #[test]
    fn a_refusal_fails_the_requests_of_its_subject_only() {
        let mut table = Table::default();
        let [one, other] = ["a", "b"].map(|subject| table.wait_for(subject.into(), 9));
        table.fail(&Unanswered::Cut, |asked| asked.as_str() == "a");
        assert!(matches!(table.slots[one.index as usize].1, Slot::Answered(Err(_))));
        assert!(matches!(table.slots[other.index as usize].1, Slot::Waiting(_)));
    }
}
