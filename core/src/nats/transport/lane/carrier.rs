//! Sends requests over the lane.

use super::outgoing::Outgoing;
use crate::nats::transport::headers::Headers;
use crate::nats::transport::mux::Transport;
use crate::nats::transport::ticket::Ticket;
use crate::nats::transport::unanswered::Unanswered;
use crate::nats::wire::write::write_request;
use async_nats::Subject;
use std::future::{Future, ready};
use std::sync::Arc;

/// The buffer of the lane, as a transport.
pub(in crate::nats) struct LaneCarrier(Arc<Outgoing>);

impl LaneCarrier {
    pub(in crate::nats) fn new(outgoing: Arc<Outgoing>) -> Self {
        Self(outgoing)
    }

    /// Adds a request to the buffer.
    pub(in crate::nats) fn push(
        &self,
        subject: &Subject,
        inbox: &str,
        ticket: Ticket,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<(), Unanswered> {
        let headers = headers.map_or(&[][..], Headers::text);
        let inbox = [inbox.as_bytes(), &ticket.digits()];
        self.0.push(|out| write_request(out, subject, inbox, headers, payload))
    }
}

impl Transport for LaneCarrier {
    fn send(
        &self,
        subject: Subject,
        inbox: &str,
        ticket: Ticket,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> impl Future<Output = Result<(), Unanswered>> + Send {
        ready(self.push(&subject, inbox, ticket, headers, payload))
    }
}
