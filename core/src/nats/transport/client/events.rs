//! Passes on what async-nats tells of a client: to the status of its connection and to its mux.

use super::carrier::ClientCarrier;
use super::current::Current;
use crate::lock::Mutex;
use crate::nats::connect::client::ClientOwner;
use crate::nats::transport::mux::Mux;
use crate::nats::transport::status::{Denial, Status};
use async_nats::connection::State as ClientState;
use async_nats::{Event, ServerError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::sleep;

/// Hears of the clients of one connection, and passes it on.
pub(in crate::nats) struct Events {
    status: Arc<Status>,
    mux: Mutex<Weak<Mux<ClientCarrier>>>,
    /// Clients that were made so far.
    made: AtomicU64,
    /// The one of them that is listened to.
    heard: AtomicU64,
}

/// Hears one client, and passes its events on while that client is the one in use.
#[derive(Clone)]
pub(in crate::nats) struct Teller {
    events: Arc<Events>,
    number: u64,
}

impl ClientOwner for Teller {
    fn tell(&self, event: Event) {
        if self.events.heard.load(Ordering::SeqCst) == self.number {
            self.events.tell(event);
        }
    }

    async fn gone(&self) {
        self.events.status.closed().await;
    }
}

/// How often a client that somebody else made is looked at.
const FOLLOW: Duration = Duration::from_millis(250);
/// No client has this number.
const NOBODY: u64 = 0;

impl Teller {
    /// Listens to this client from now on, which is connected unless it says otherwise.
    pub(in crate::nats) fn hear(&self) {
        self.events.heard.store(self.number, Ordering::SeqCst);
    }
}

impl Events {
    pub(in crate::nats) fn new() -> Arc<Self> {
        Arc::new(Self {
            status: Arc::new(Status::connected()),
            mux: Mutex::default(),
            made: AtomicU64::new(NOBODY),
            heard: AtomicU64::new(NOBODY),
        })
    }

    /// A teller for another client, which is heard from `hear` on.
    pub(in crate::nats) fn teller(self: &Arc<Self>) -> Teller {
        let number = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        Teller { events: self.clone(), number }
    }

    pub(in crate::nats) fn status(&self) -> &Arc<Status> {
        &self.status
    }

    /// Tells this multiplexer from now on.
    pub(in crate::nats) fn serve(&self, mux: &Arc<Mux<ClientCarrier>>) {
        *self.mux.lock() = Arc::downgrade(mux);
        // The denial may have come before there was anybody to be told.
        if let Some(Denial { subject, text }) = self.status.denial() {
            mux.deny(&subject, &text);
        }
    }

    fn tell(&self, event: Event) {
        match event {
            Event::Connected => self.up(),
            Event::Disconnected | Event::Closed => self.down(),
            Event::ServerError(ServerError::Other(text)) => self.refused(&text),
            _ => {}
        }
    }

    /// The client has ended, whatever it said last: nothing more of it counts.
    pub(in crate::nats) fn lost(&self) {
        self.heard.store(NOBODY, Ordering::SeqCst);
        self.down();
    }

    /// The client has ended, and there will be no other.
    pub(in crate::nats) fn end(&self) {
        self.heard.store(NOBODY, Ordering::SeqCst);
        if self.status.end() {
            self.cut();
        }
    }

    /// Looks after a client that somebody else made, and whose events go to them.
    pub(in crate::nats) async fn follow(self: Arc<Self>, client: Arc<Current>) {
        let client = client.get();
        let mut connects = client.statistics().connects.load(Ordering::Relaxed);
        loop {
            sleep(FOLLOW).await;
            if self.status.phase().is_closed() || self.mux.lock().strong_count() == 0 {
                return;
            }
            let now = client.statistics().connects.load(Ordering::Relaxed);
            if client.connection_state() != ClientState::Connected || now != connects {
                self.down();
            }
            if client.connection_state() == ClientState::Connected {
                self.up();
            }
            connects = now;
        }
    }

    /// The client in use has a server.
    pub(in crate::nats) fn up(&self) {
        if self.status.regain()
            && let Some(mux) = self.mux()
        {
            mux.revive();
        }
    }

    fn down(&self) {
        if self.status.lose() {
            self.cut();
        }
    }

    fn cut(&self) {
        if let Some(mux) = self.mux() {
            mux.cut();
        }
    }

    /// A refusal names the subject, not the request.
    fn refused(&self, text: &str) {
        let Some(denial) = Denial::parse(text) else { return };
        self.status.deny(denial.clone());
        if let Some(mux) = self.mux() {
            mux.deny(&denial.subject, &denial.text);
        }
    }

    fn mux(&self) -> Option<Arc<Mux<ClientCarrier>>> {
        self.mux.lock().upgrade()
    }
}
