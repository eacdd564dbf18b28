//! A connection of our own beside that of async-nats, for requests that are many, and for all
//! messages that others wrote.
//!
//! async-nats makes a map of the headers of every answer, which costs more than everything else
//! that a read needs on this side, and it ends over headers that it does not take. The lane reads
//! answers as they are. It is opened when it is first wanted; while it is not there, for whatever
//! reason, requests go over the client, and reads are answered in JSON. So nothing depends on it,
//! and async-nats alone decides whether there is a connection.
//!
//! `opener.rs` opens the socket and reads it, `outgoing.rs` writes it and `carrier.rs` sends
//! requests by that. `subscription.rs` listens to a subject, `inbox.rs` to what a consumer
//! delivers.

pub(in crate::nats) mod carrier;
pub(in crate::nats) mod inbox;
pub(in crate::nats) mod opener;
pub(in crate::nats) mod outgoing;
pub(in crate::nats) mod subscription;

use self::carrier::LaneCarrier;
use self::opener::Opener;
use self::outgoing::Outgoing;
use self::subscription::Subscription;
use super::client::current::Current;
use super::mux::Mux;
use super::pending::Listener;
use super::unanswered::Unanswered;
use crate::cork::Flush;
use crate::nats::connect::dial::Dial;
use async_nats::Subject;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch as signal};
use tokio::time;

/// The lane of one connection.
pub(in crate::nats) struct Lane {
    mux: Mux<LaneCarrier>,
    outgoing: Arc<Outgoing>,
    wanted: Arc<Notify>,
    /// True if the last attempt to open it failed; set after each.
    failed: signal::Receiver<bool>,
}

/// Larger requests go over the client, where they are not copied.
pub(in crate::nats) const LARGEST: usize = 64 << 10;

/// How long a request waits for the lane to open that is better sent over it.
const OPENING: Duration = Duration::from_millis(250);

impl Lane {
    /// A lane to the servers that this client knows, which is opened once it is wanted.
    pub(in crate::nats) fn new(client: Arc<Current>, dial: Dial) -> Self {
        let (outgoing, wanted) = (Arc::new(Outgoing::default()), Arc::new(Notify::new()));
        let (attempted, failed) = signal::channel(false);
        let inbox = client.new_inbox();
        let mux = Mux::start(LaneCarrier::new(outgoing.clone()), inbox.clone(), |pending| {
            let (outgoing, wanted) = (outgoing.clone(), wanted.clone());
            Opener { client, dial, inbox, outgoing, wanted, attempted, pending }.run()
        });
        Self { mux, outgoing, wanted, failed }
    }

    /// Asks over the lane.
    pub(in crate::nats) fn mux(&self) -> &Mux<LaneCarrier> {
        &self.mux
    }

    pub(in crate::nats) fn is_open(&self) -> bool {
        self.outgoing.is_open()
    }

    /// Sends a request whose answers `listener` is told as they are read.
    pub(in crate::nats) fn tell(
        &self,
        subject: Subject,
        payload: &[u8],
        timeout: Duration,
        listener: Listener,
    ) {
        let ticket = self.mux.listen(subject.clone(), timeout, listener);
        let (carrier, inbox) = (self.mux.transport(), self.mux.inbox());
        if let Err(why) = carrier.push(&subject, inbox, ticket, None, payload) {
            self.mux.fail(ticket, why);
        }
    }

    /// Has `it` flushed soon, so that it asks for everything at once.
    pub(in crate::nats) fn flush_soon(&self, it: &Arc<impl Flush + 'static>) {
        self.outgoing.flush_soon(it);
    }

    /// Has it opened, if it is not open, and waits a moment for that, unless it failed before.
    pub(in crate::nats) async fn opened(&self) {
        let mut attempts = self.failed.clone();
        let failed = *attempts.borrow_and_update();
        if !self.outgoing.is_open() {
            self.want();
            if !failed {
                let _ = time::timeout(OPENING, attempts.changed()).await;
            }
        }
    }

    /// Has it opened, if it is not open.
    pub(in crate::nats) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Listens to a subject, if the lane is open. `asked` is the subject that messages are asked
    /// of.
    pub(in crate::nats) fn subscribe(
        &self,
        subject: &Subject,
        asked: Subject,
    ) -> Result<Subscription, Unanswered> {
        let answers = self.mux.answers(asked);
        Subscription::start(subject, answers, self.outgoing.clone())
    }

    /// Closes it, and fails every request from now on.
    pub(in crate::nats) fn end(&self) {
        self.mux.end(Unanswered::Closed);
        self.mux.stop();
    }
}
