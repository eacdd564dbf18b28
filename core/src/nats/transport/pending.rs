//! Requests that wait for their answers.

use super::response::Response;
use super::ticket::Ticket;
use super::unanswered::Unanswered;
use crate::lock::Mutex;
use async_nats::Subject;
use std::sync::Weak;
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

/// An answer, or why there is none.
pub(in crate::nats) type Outcome = Result<Response, Unanswered>;

/// Is told every answer until it says that it was the last. A failure always is.
pub(in crate::nats) type Listener = Box<dyn FnMut(Outcome) -> bool + Send>;

pub(super) enum Slot {
    Free,
    /// A request with one answer, which has not come.
    One {
        subject: Subject,
        /// The sweep that finds it overdue.
        until: u32,
        waker: Option<Waker>,
    },
    Answered(Outcome),
    /// A request that nobody waits for: the listener is told where the answers are read.
    Told {
        subject: Subject,
        until: u32,
        listener: Listener,
    },
    /// A request with several answers, some of which may have come.
    Many {
        subject: Subject,
        come: Vec<Outcome>,
        waker: Option<Waker>,
    },
}

/// How often overdue requests are looked for.
const SWEEP: Duration = Duration::from_millis(500);

impl PendingAnswers {
    /// Why nothing is to be sent any more, if that is so.
    pub(in crate::nats) fn check_open(&self) -> Result<(), Unanswered> {
        self.end.clone().map_or(Ok(()), Err)
    }

    /// A slot for one answer, which is to come within this time.
    pub(in crate::nats) fn wait_for(&mut self, subject: Subject, timeout: Duration) -> Ticket {
        let until = self.sweeps.wrapping_add(sweeps(timeout));
        self.open(Slot::One { subject, until, waker: None })
    }

    /// A slot for many answers.
    pub(in crate::nats) fn wait_for_many(&mut self, subject: Subject) -> Ticket {
        self.open(Slot::Many { subject, come: Vec::new(), waker: None })
    }

    /// A slot whose answers this listener is told, the last of which is to come within this time.
    pub(in crate::nats) fn tell_of(
        &mut self,
        subject: Subject,
        timeout: Duration,
        listener: Listener,
    ) -> Ticket {
        let until = self.sweeps.wrapping_add(sweeps(timeout));
        self.open(Slot::Told { subject, until, listener })
    }

    /// Hands an answer to whoever waits for it, if anybody still does.
    pub(in crate::nats) fn answer(&mut self, ticket: Ticket, answer: Outcome) {
        let Some((turn, slot)) = self.slots.get_mut(ticket.index as usize) else { return };
        if *turn != ticket.turn {
            return;
        }
        let waker = match slot {
            Slot::Many { come, waker, .. } => {
                come.push(answer);
                waker.take()
            }
            Slot::One { waker, .. } => {
                let waker = waker.take();
                *slot = Slot::Answered(answer);
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
            Slot::One { subject, .. } | Slot::Many { subject, .. } | Slot::Told { subject, .. } => {
                of(subject)
            }
            Slot::Free | Slot::Answered(_) => false,
        });
    }

    /// Fails the requests to a subject that the server has refused, and the requests to all
    /// subjects below a dot if the subject is one of them.
    pub(in crate::nats) fn deny(&mut self, subject: &str, text: &str) {
        let why = Unanswered::Denied(text.to_owned());
        self.fail(&why, |asked| {
            let below = asked.ends_with('.') && subject.starts_with(asked.as_str());
            below || asked.as_str() == subject
        });
    }

    /// Fails the requests that are under way and every later one.
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
        let (turn, free) = &mut self.slots[index as usize];
        *free = slot;
        let ticket = Ticket { index, turn: *turn };
        if let Some(why) = self.end.clone() {
            self.answer(ticket, Err(why));
        }
        ticket
    }

    /// Frees a slot, and says what it held.
    pub(super) fn close(&mut self, ticket: Ticket) -> Slot {
        let (turn, slot) = &mut self.slots[ticket.index as usize];
        *turn = turn.wrapping_add(1);
        self.free.push(ticket.index);
        std::mem::replace(slot, Slot::Free)
    }

    /// The one answer to a request, once it is there.
    pub(super) fn poll_answer(&mut self, ticket: Ticket, cx: &Context<'_>) -> Poll<Outcome> {
        let slot = self.slot(ticket);
        match slot {
            Slot::One { waker, .. } => {
                keep(waker, cx);
                Poll::Pending
            }
            _ => match std::mem::replace(slot, Slot::Free) {
                Slot::Answered(answer) => Poll::Ready(answer),
                _ => Poll::Ready(Err(Unanswered::Closed)),
            },
        }
    }

    /// Ready once one of many answers is there.
    pub(super) fn poll_answers(&mut self, ticket: Ticket, cx: &Context<'_>) -> Poll<()> {
        match self.slot(ticket) {
            Slot::Many { come, waker, .. } if come.is_empty() => {
                keep(waker, cx);
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    /// Puts the answers that are there into `into`, which is empty.
    pub(super) fn take_answers(&mut self, ticket: Ticket, into: &mut Vec<Outcome>) {
        match self.slot(ticket) {
            Slot::Many { come, .. } => std::mem::swap(come, into),
            _ => into.push(Err(Unanswered::Closed)),
        }
    }

    fn slot(&mut self, ticket: Ticket) -> &mut Slot {
        &mut self.slots[ticket.index as usize].1
    }

    fn sweep(&mut self) {
        self.sweeps = self.sweeps.wrapping_add(1);
        let now = self.sweeps;
        self.fail_those(&Unanswered::Late, |slot| match slot {
            Slot::One { until, .. } | Slot::Told { until, .. } => *until == now,
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

fn keep(waker: &mut Option<Waker>, cx: &Context<'_>) {
    match waker {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *waker = Some(cx.waker().clone()),
    }
}

/// Fails whatever is overdue, for as long as somebody may ask.
pub(in crate::nats) async fn sweep(pending: Weak<Mutex<PendingAnswers>>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pending) = pending.upgrade() else { return };
        pending.lock().sweep();
    }
}

/// How many sweeps a time spans. One more, since a request may be made just before a sweep.
fn sweeps(time: Duration) -> u32 {
    (time.div_duration_f32(SWEEP).ceil() as u32).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nats::transport::answers::{Answer, Answers};
    use std::sync::Arc;

    const LONG: Duration = Duration::from_secs(9);

    #[test]
    fn an_answer_that_comes_too_late_goes_to_nobody() {
        let pending = Mutex::new(PendingAnswers::default());
        let first = pending.lock().wait_for("a".into(), LONG);
        drop(Answer::new(&pending, first));
        let second = pending.lock().wait_for("b".into(), LONG);
        assert_eq!((first.index, first.turn + 1), (second.index, second.turn));
        pending.lock().answer(first, Err(Unanswered::Late));
        assert!(matches!(pending.lock().slots[0].1, Slot::One { .. }));
    }

    #[test]
    fn many_answers_come_in_their_order_and_none_after_the_end() {
        let pending = Arc::new(Mutex::new(PendingAnswers::default()));
        let ticket = pending.lock().wait_for_many("a".into());
        let mut answers = Answers::new(pending.clone(), ticket);
        let mut come = Vec::new();
        assert!(!answers.ready(&mut come));
        pending.lock().answer(ticket, Err(Unanswered::Late));
        pending.lock().fail(&Unanswered::Cut, |_| true);
        assert!(answers.ready(&mut come));
        assert!(matches!(come[..], [Err(Unanswered::Late), Err(Unanswered::Cut)]));
        drop(answers);
        pending.lock().answer(ticket, Err(Unanswered::Late));
        assert!(matches!(pending.lock().slots[0].1, Slot::Free));
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
            let mut pending = PendingAnswers::default();
            let ticket = pending.tell_of("a".into(), LONG, Box::new(listener));
            let answer = || Ok(async_message().into());
            pending.answer(ticket, answer());
            assert!(matches!(pending.slots[0].1, Slot::Told { .. }));
            pending.answer(ticket, if last == 1 { answer() } else { Err(then) });
            assert!(matches!(pending.slots[0].1, Slot::Free));
            pending.answer(ticket, answer());
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
        let mut pending = PendingAnswers::default();
        let [one, other] = ["a", "b"].map(|subject| pending.wait_for(subject.into(), LONG));
        pending.fail(&Unanswered::Cut, |asked| asked.as_str() == "a");
        assert!(matches!(pending.slots[one.index as usize].1, Slot::Answered(Err(_))));
        assert!(matches!(pending.slots[other.index as usize].1, Slot::One { .. }));
    }
}
