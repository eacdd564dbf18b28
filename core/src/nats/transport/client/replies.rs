//! Hands out the answers that come over the clients of a connection, one after the other.

use super::carrier::ClientCarrier;
use super::current::Current;
use super::renewal::Renewal;
use crate::kv::KvError;
use crate::lock::Mutex;
use crate::nats::transport::mux::Mux;
use crate::nats::transport::pending::PendingAnswers;
use crate::nats::transport::ticket::Ticket;
use async_nats::Subscriber;
use futures_util::{FutureExt, StreamExt};
use std::sync::{Arc, Weak};

/// Subscribes to an inbox and starts to hand out its replies, also those by the clients that follow
/// this one.
pub(in crate::nats) async fn start(
    client: Arc<Current>,
    renewal: Renewal,
) -> Result<Mux<ClientCarrier>, KvError> {
    let inbox = client.new_inbox();
    let replies = renewal.subscribe(&format!("{inbox}*")).await?;
    let deliver = |pending| deliver(replies, pending, inbox.clone(), renewal);
    Ok(Mux::start(ClientCarrier::new(client), inbox.clone(), deliver))
}

/// Hands out the replies to an inbox, for as long as there is a client to get them by.
async fn deliver(
    mut replies: Subscriber,
    pending: Weak<Mutex<PendingAnswers>>,
    inbox: String,
    mut renewal: Renewal,
) {
    loop {
        hand_out(&mut replies, &pending, inbox.len()).await;
        if pending.strong_count() == 0 {
            return;
        }
        match renewal.renew(&format!("{inbox}*")).await {
            Ok(others) => replies = others,
            Err(why) => {
                if let Some(pending) = pending.upgrade() {
                    pending.lock().end(why);
                }
                return;
            }
        }
    }
}

/// Hands out replies until the client has ended.
async fn hand_out(
    replies: &mut Subscriber,
    pending: &Weak<Mutex<PendingAnswers>>,
    token_at: usize,
) {
    let mut next = replies.next().await;
    while let Some(first) = next {
        let Some(pending) = pending.upgrade() else { return };
        {
            // Messages that have come meanwhile are handed out under the same lock.
            let mut pending = pending.lock();
            let mut ready = Some(first);
            while let Some(message) = ready {
                let token = message.subject.as_bytes().get(token_at..);
                if let Some(ticket) = token.and_then(Ticket::parse) {
                    pending.answer(ticket, Ok(message.into()));
                }
                ready = replies.next().now_or_never().flatten();
            }
        }
        next = replies.next().await;
    }
}
