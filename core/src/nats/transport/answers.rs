//! The answers to one request, for the call that waits for them.

use super::pending::{Outcome, PendingAnswers};
use super::ticket::Ticket;
use crate::lock::Mutex;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The one answer to a request, when it is there. Dropping it frees the slot.
pub(in crate::nats) struct Answer<'a> {
    pending: &'a Mutex<PendingAnswers>,
    ticket: Ticket,
}

/// Several answers to one request. Dropping it gives up on the rest.
pub(in crate::nats) struct Answers {
    pending: Arc<Mutex<PendingAnswers>>,
    ticket: Ticket,
}

impl<'a> Answer<'a> {
    pub(in crate::nats) fn new(pending: &'a Mutex<PendingAnswers>, ticket: Ticket) -> Self {
        Self { pending, ticket }
    }
}

impl Future for Answer<'_> {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.pending.lock().poll_answer(self.ticket, cx)
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        // The slot's answer is dropped after the lock is released.
        let _slot = self.pending.lock().close(self.ticket);
    }
}

impl Answers {
    pub(in crate::nats) fn new(pending: Arc<Mutex<PendingAnswers>>, ticket: Ticket) -> Self {
        Self { pending, ticket }
    }

    pub(in crate::nats) fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Moves the answers that have come into `into`, which is empty; true if there are any.
    pub(in crate::nats) fn ready(&mut self, into: &mut Vec<Outcome>) -> bool {
        self.pending.lock().take_answers(self.ticket, into);
        !into.is_empty()
    }

    /// Waits until [`ready`](Self::ready) has something.
    pub(in crate::nats) async fn wait(&mut self) {
        poll_fn(|cx| self.pending.lock().poll_answers(self.ticket, cx)).await;
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        let _slot = self.pending.lock().close(self.ticket);
    }
}
