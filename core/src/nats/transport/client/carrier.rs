//! Sends requests over the client of async-nats.

use super::current::Current;
use crate::nats::transport::headers::Headers;
use crate::nats::transport::mux::Transport;
use crate::nats::transport::ticket::Ticket;
use crate::nats::transport::unanswered::Unanswered;
use async_nats::{Client, Subject};
use bytes::Bytes;
use std::sync::Arc;

/// The client in use, as a transport.
pub(in crate::nats) struct ClientCarrier(Arc<Current>);

impl ClientCarrier {
    pub(in crate::nats) fn new(client: Arc<Current>) -> Self {
        Self(client)
    }
}

impl Transport for ClientCarrier {
    async fn send(
        &self,
        subject: Subject,
        inbox: &str,
        ticket: Ticket,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<(), Unanswered> {
        let client = self.0.get();
        // Apart, so that a request over the lane is no larger for it.
        Box::pin(publish(&client, subject, inbox, ticket, headers, payload)).await
    }
}

async fn publish(
    client: &Client,
    subject: Subject,
    inbox: &str,
    ticket: Ticket,
    headers: Option<&Headers>,
    payload: &[u8],
) -> Result<(), Unanswered> {
    let payload = Bytes::copy_from_slice(payload);
    let digits = ticket.digits();
    let token = digits.iter().copied().map(char::from);
    let inbox: Subject = inbox.chars().chain(token).collect::<String>().into();
    let sent = match headers {
        None => client.publish_with_reply(subject, inbox, payload).await,
        Some(headers) => {
            let headers = headers.map();
            client.publish_with_reply_and_headers(subject, inbox, headers, payload).await
        }
    };
    // Subjects and sizes were checked before, so the one error left is a client that has ended:
    // either the connection ends with it, or another client comes.
    sent.map_err(|_| Unanswered::Cut)
}
