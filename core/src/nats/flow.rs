//! How a consumer is kept from sending more than is read (S8).

use super::api::PullRequest;
use super::consumer::End;
use super::inbox::Inbox;
use super::response::Response;
use crate::kv::KvError;
use bytes::Bytes;
use std::time::Duration;

/// What a consumer may still send.
pub(super) struct Flow {
    pull: Option<Pull>,
    starved: bool,
}

/// It sends what it was asked for.
struct Pull {
    request: Bytes,
    /// Messages the server may still send without being asked again.
    credit: usize,
}

/// Messages asked for at once.
const BATCH: usize = 1024;
/// Requests under way while there is much to read, and while there is not.
const AHEAD: usize = 8;
const AHEAD_WHEN_IDLE: usize = 2;
/// Bytes one request may be answered with, beyond the largest message there can be.
const BATCH_BYTES: usize = 1 << 20;
const OVERHEAD: usize = 64 << 10;
pub(super) const EXPIRES: Duration = Duration::from_secs(120);
/// A server says that it is there this often.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(3);
/// A server that was silent for this long has forgotten what it was asked for.
pub(super) const SILENCE: Duration = Duration::from_secs(8);
/// In a sign of life: whom to tell that what was sent before has been read.
const STALLED: &str = "Nats-Consumer-Stalled";

impl Flow {
    /// The consumer is pulled: exact, whoever reads and however slowly.
    pub(super) fn pulled(max_payload: usize) -> Result<Self, KvError> {
        let request = PullRequest {
            batch: BATCH,
            max_bytes: BATCH_BYTES.max(max_payload) + OVERHEAD,
            expires: EXPIRES,
            idle_heartbeat: HEARTBEAT,
        };
        let request = serde_json::to_vec(&request)
            .map_err(|error| KvError::SerializationError(error.to_string()))?;
        Ok(Self { pull: Some(Pull { request: request.into(), credit: 0 }), starved: false })
    }

    /// The consumer pushes, and stops by itself until it is told that what it had sent by then was
    /// read: cheaper for the server, and less exact, up to its 32 MiB.
    pub(super) fn pushed() -> Self {
        Self { pull: None, starved: false }
    }

    pub(super) fn is_pushed(&self) -> bool {
        self.pull.is_none()
    }

    /// Asks the server for messages, if it has not been asked for enough.
    pub(super) fn ask_for_more(&mut self, inbox: &Inbox, pending: u64) -> Result<(), End> {
        let Some(Pull { request, credit }) = &mut self.pull else { return Ok(()) };
        let ahead = if pending > BATCH as u64 { AHEAD } else { AHEAD_WHEN_IDLE };
        while *credit + BATCH <= ahead * BATCH {
            inbox.pull(request)?;
            *credit += BATCH;
        }
        Ok(())
    }

    /// Notes that messages were sent, or, if not how many, the end of a request.
    pub(super) fn spend(&mut self, messages: Option<usize>) {
        if let Some(Pull { credit, .. }) = &mut self.pull {
            *credit = credit.saturating_sub(messages.unwrap_or(BATCH));
            self.starved |= *credit == 0;
        }
    }

    /// Lets a consumer that pushes go on, if this sign of life of it asks for that: everything that
    /// was sent before it has been read.
    pub(super) fn go_on(&mut self, inbox: &Inbox, sign: &Response) -> Result<(), End> {
        let asked = match str::from_utf8(sign.reply()) {
            Ok("") | Err(_) => sign.header(STALLED),
            reply => reply.ok(),
        };
        let Some(to) = asked.filter(|_| self.is_pushed()) else { return Ok(()) };
        self.starved = true;
        inbox.tell(to)
    }

    /// Whether there was a time since [`feed`](Self::feed) when the server may have kept to itself
    /// what came.
    pub(super) fn was_starved(&self) -> bool {
        self.starved
    }

    /// Forgets that it was starved.
    pub(super) fn feed(&mut self) {
        self.starved = false;
    }
}
