//! Requests that wait for their answers.

use super::request::Unanswered;
use super::response::Response;
use crate::lock::Mutex;
use async_nats::Subject;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The slots of requests, each of which knows the one answer or the many that it waits for.
#[derive(Default)]
pub(in crate::nats) struct PendingAnswers {
    slots: Vec<(u32, Slot)>,
    free: Vec<u32>,
    /// Counts the sweeps: a clock that costs nothing to read.
    sweeps: u32,
    /// Why no answer can come any more.
    end: Option<Unanswered>,
}

/// Which slot a reply belongs to, and which of the requests that used the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) struct Ticket {
    index: u32,
    turn: u32,
}

/// An answer, or why there is none.
pub(in crate::nats) type Outcome = Result<Response, Unanswered>;

/// Is told every answer until it says that it was the last. A failure always is.
pub(in crate::nats) type Listener = Box<dyn FnMut(Outcome) -> bool + Send>;

enum Slot {
    Free,
    Waiting(Waiting),
    Answered(Outcome),
    /// One that nobody has to wait for: it is told where the answer is read.
    Told {
        subject: Subject,
        until: u32,
        listener: Listener,
    },
    Stream {
        subject: Subject,
        come: Vec<Outcome>,
        waker: Option<Waker>,
    },
}

struct Waiting {
    subject: Subject,
    /// The sweep that finds it overdue.
    until: u32,
    waker: Option<Waker>,
}

/// How often overdue requests are looked for.
const SWEEP: Duration = Duration::from_millis(500);

impl Ticket {
    /// Writes it as the last token of an inbox: sixteen digits.
    pub(in crate::nats) fn digits(self) -> [u8; 16] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let number = u64::from(self.turn) << 32 | u64::from(self.index);
        std::array::from_fn(|place| DIGITS[(number >> (60 - 4 * place) & 15) as usize])
    }

    pub(in crate::nats) fn parse(token: &[u8]) -> Option<Self> {
        let digits: &[u8; 16] = token.try_into().ok()?;
        let number = digits.iter().try_fold(0u64, |number, digit| {
            let digit = char::from(*digit).to_digit(16)?;
            Some(number << 4 | u64::from(digit))
        })?;
        Some(Self { index: number as u32, turn: (number >> 32) as u32 })
    }
}

impl PendingAnswers {
    /// Why nothing is to be sent any more, if that is so.
    pub(in crate::nats) fn check_open(&self) -> Result<(), Unanswered> {
        self.end.clone().map_or(Ok(()), Err)
    }

    /// A slot for one answer, which is to come within this time.
    pub(in crate::nats) fn wait_for(&mut self, subject: Subject, patience: Duration) -> Ticket {
        let until = self.sweeps.wrapping_add(sweeps(patience));
        self.open(Slot::Waiting(Waiting { subject, until, waker: None }))
    }

    /// A slot for many answers.
    pub(in crate::nats) fn wait_for_many(&mut self, subject: Subject) -> Ticket {
        self.open(Slot::Stream { subject, come: Vec::new(), waker: None })
    }

    /// A slot whose answers this listener is told, the last of which is to come within this time.
    pub(in crate::nats) fn tell(
        &mut self,
        subject: Subject,
        patience: Duration,
        listener: Listener,
    ) -> Ticket {
        let until = self.sweeps.wrapping_add(sweeps(patience));
        self.open(Slot::Told { subject, until, listener })
    }

    /// Hands an answer to whoever waits for it, if anybody still does.
    pub(in crate::nats) fn answer(&mut self, ticket: Ticket, answer: Outcome) {
        let Some((turn, place)) = self.slots.get_mut(ticket.index as usize) else { return };
        if *turn != ticket.turn {
            return;
        }
        let waker = match place {
            Slot::Stream { come, waker, .. } => {
                come.push(answer);
                waker.take()
            }
            Slot::Waiting(waiting) => {
                let waker = waiting.waker.take();
                *place = Slot::Answered(answer);
                waker
            }
            Slot::Told { listener, .. } => {
                let failed = answer.is_err();
                if listener(answer) || failed {
                    self.close(ticket);
                }
                None
            }
            Slot::Free | Slot::Answered(_) => None,
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Fails the requests that are under way to such subjects.
    pub(in crate::nats) fn fail(&mut self, why: &Unanswered, of: impl Fn(&Subject) -> bool) {
        self.fail_those(why, |slot| match slot {
            Slot::Waiting(Waiting { subject, .. })
            | Slot::Stream { subject, .. }
            | Slot::Told { subject, .. } => of(subject),
            Slot::Free | Slot::Answered(_) => false,
        });
    }

    /// Fails the requests to one subject, for those are what the server has just refused, and those
    /// to all subjects below a dot if it is one of them.
    pub(in crate::nats) fn deny(&mut self, subject: &str, text: &str) {
        let why = Unanswered::Denied(text.to_owned());
        self.fail(&why, |asked| {
            let below = asked.ends_with('.') && subject.starts_with(asked.as_str());
            below || asked.as_str() == subject
        });
    }

    /// Fails what is under way and every request from now on.
    pub(in crate::nats) fn end(&mut self, why: Unanswered) {
        self.fail(&why, |_| true);
        self.end = Some(why);
    }

    /// Takes a refusal back: requests may be answered again.
    pub(in crate::nats) fn revive(&mut self) {
        self.end.take_if(|why| matches!(why, Unanswered::Denied(_)));
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

    fn close(&mut self, ticket: Ticket) -> Slot {
        let (turn, place) = &mut self.slots[ticket.index as usize];
        *turn = turn.wrapping_add(1);
        self.free.push(ticket.index);
        std::mem::replace(place, Slot::Free)
    }

    fn slot(&mut self, ticket: Ticket) -> &mut Slot {
        &mut self.slots[ticket.index as usize].1
    }

    fn sweep(&mut self) {
        self.sweeps = self.sweeps.wrapping_add(1);
        let now = self.sweeps;
        self.fail_those(&Unanswered::Late, |slot| match slot {
            Slot::Waiting(Waiting { until, .. }) | Slot::Told { until, .. } => *until == now,
            _ => false,
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
pub(in crate::nats) struct Answer<'a> {
    pub(in crate::nats) table: &'a Mutex<PendingAnswers>,
    pub(in crate::nats) ticket: Ticket,
}

impl Future for Answer<'_> {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut table = self.table.lock();
        let slot = table.slot(self.ticket);
        match slot {
            Slot::Waiting(Waiting { waker, .. }) => {
                keep(waker, cx);
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
        // What it holds is dropped after the lock.
        let _slot = self.table.lock().close(self.ticket);
    }
}

/// Several answers to one request. Dropping it gives up on the rest.
pub(in crate::nats) struct Answers {
    pub(in crate::nats) table: Arc<Mutex<PendingAnswers>>,
    pub(in crate::nats) ticket: Ticket,
}

impl Answers {
    /// Puts what has come into `into`, which is empty; whether that is anything.
    pub(in crate::nats) fn ready(&mut self, into: &mut Vec<Outcome>) -> bool {
        match self.table.lock().slot(self.ticket) {
            Slot::Stream { come, .. } => std::mem::swap(come, into),
            _ => into.push(Err(Unanswered::Closed)),
        }
        !into.is_empty()
    }

    /// Waits until [`ready`](Self::ready) has something.
    pub(in crate::nats) async fn wait(&mut self) {
        poll_fn(|cx| match self.table.lock().slot(self.ticket) {
            Slot::Stream { come, waker, .. } if come.is_empty() => {
                keep(waker, cx);
                Poll::Pending
            }
            _ => Poll::Ready(()),
        })
        .await;
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        let _slot = self.table.lock().close(self.ticket);
    }
}

fn keep(waker: &mut Option<Waker>, cx: &Context<'_>) {
    match waker {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *waker = Some(cx.waker().clone()),
    }
}

/// Fails whatever is overdue, for as long as there is a table.
pub(in crate::nats) async fn sweep(table: Weak<Mutex<PendingAnswers>>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(table) = table.upgrade() else { return };
        table.lock().sweep();
    }
}

/// How many sweeps a time spans. One more, since a request may be made just before a sweep.
fn sweeps(time: Duration) -> u32 {
    (time.div_duration_f32(SWEEP).ceil() as u32).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LONG: Duration = Duration::from_secs(9);

    proptest! {
        #[test]
        fn a_ticket_is_read_back(index: u32, turn: u32) {
            let ticket = Ticket { index, turn };
            prop_assert_eq!(Ticket::parse(&ticket.digits()), Some(ticket));
        }

        #[test]
        fn any_token_is_a_ticket_or_not(token: Vec<u8>) {
            let _ = Ticket::parse(&token);
        }
    }

    #[test]
    fn an_answer_that_comes_too_late_goes_to_nobody() {
        let table = Mutex::new(PendingAnswers::default());
        let first = table.lock().wait_for("a".into(), LONG);
        drop(Answer { table: &table, ticket: first });
        let second = table.lock().wait_for("b".into(), LONG);
        assert_eq!((first.index, first.turn + 1), (second.index, second.turn));
        table.lock().answer(first, Err(Unanswered::Late));
        assert!(matches!(table.lock().slots[0].1, Slot::Waiting(_)));
    }

    #[test]
    fn many_answers_come_in_their_order_and_none_after_the_end() {
        let table = Arc::new(Mutex::new(PendingAnswers::default()));
        let ticket = table.lock().wait_for_many("a".into());
        let mut answers = Answers { table: table.clone(), ticket };
        let mut come = Vec::new();
        assert!(!answers.ready(&mut come));
        table.lock().answer(ticket, Err(Unanswered::Late));
        table.lock().fail(&Unanswered::Cut, |_| true);
        assert!(answers.ready(&mut come));
        assert!(matches!(come[..], [Err(Unanswered::Late), Err(Unanswered::Cut)]));
        drop(answers);
        table.lock().answer(ticket, Err(Unanswered::Late));
        assert!(matches!(table.lock().slots[0].1, Slot::Free));
    }

    #[test]
    fn a_listener_is_told_until_its_last_answer_or_a_failure() {
        for (last, then) in [(1, Unanswered::Late), (9, Unanswered::Cut)] {
            let told = Arc::new(Mutex::new(0));
            let count = told.clone();
            let listener = move |_| {
                *count.lock() += 1;
                *count.lock() > last
            };
            let mut table = PendingAnswers::default();
            let ticket = table.tell("a".into(), LONG, Box::new(listener));
            let answer = || Ok(async_message().into());
            table.answer(ticket, answer());
            assert!(matches!(table.slots[0].1, Slot::Told { .. }));
            table.answer(ticket, if last == 1 { answer() } else { Err(then) });
            assert!(matches!(table.slots[0].1, Slot::Free));
            table.answer(ticket, answer());
            assert_eq!(*told.lock(), 2);
        }
    }

    fn async_message() -> async_nats::Message {
        async_nats::Message {
            subject: "a".into(),
            reply: None,
            payload: Vec::new().into(),
            headers: None,
            status: None,
            description: None,
            length: 0,
        }
    }

    #[test]
    fn a_time_spans_at_least_its_sweeps() {
        assert_eq!(sweeps(Duration::ZERO), 1);
        assert_eq!(sweeps(Duration::MAX), u32::MAX);
        assert_eq!(sweeps(SWEEP), 2);
        assert_eq!(sweeps(SWEEP * 3 / 2), 3);
    }

    #[test]
    fn a_refusal_fails_the_requests_of_its_subject_only() {
        let mut table = PendingAnswers::default();
        let [one, other] = ["a", "b"].map(|subject| table.wait_for(subject.into(), LONG));
        table.fail(&Unanswered::Cut, |asked| asked.as_str() == "a");
        assert!(matches!(table.slots[one.index as usize].1, Slot::Answered(Err(_))));
        assert!(matches!(table.slots[other.index as usize].1, Slot::Waiting(_)));
    }
}
