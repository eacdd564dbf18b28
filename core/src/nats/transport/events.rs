use super::current::Current;
use super::link::Link;
use crate::lock::Mutex;
use crate::nats::jetstream::message::refused_subject;
use async_nats::connection::State as ClientState;
use async_nats::{Event, ServerError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch as signal;
use tokio::time::sleep;

/// Passes what becomes of a client on to its link.
pub(in crate::nats) struct Events {
    status: Arc<signal::Sender<Status>>,
    link: Mutex<Weak<Link>>,
    /// Clients that were made so far.
    made: AtomicU64,
    /// The one of them that is listened to.
    heard: AtomicU64,
}

/// What one client tells, which is heard while that client is the one in use.
#[derive(Clone)]
pub(in crate::nats) struct Teller {
    events: Arc<Events>,
    number: u64,
}

/// Where the connection stands, for those who wait.
#[derive(Debug, Clone, Default)]
pub(in crate::nats) struct Status {
    pub(in crate::nats) connected: bool,
    /// Counts the times the connection was made anew.
    pub(in crate::nats) epoch: u64,
    pub(in crate::nats) closed: bool,
    /// Whether a client that somebody else made has ended, so that nothing can be asked any more.
    pub(in crate::nats) ended: bool,
    /// The last subject that the server refused, and its words.
    pub(in crate::nats) denied: Option<(String, String)>,
}

/// How often a client that somebody else made is looked at.
const FOLLOW: Duration = Duration::from_millis(250);
/// No client has this number.
const NOBODY: u64 = 0;

impl Teller {
    pub(in crate::nats) fn tell(&self, event: Event) {
        if self.events.heard.load(Ordering::SeqCst) == self.number {
            self.events.tell(event);
        }
    }

    /// Listens to this client from now on, which is connected unless it says otherwise.
    pub(in crate::nats) fn hear(&self) {
        self.events.heard.store(self.number, Ordering::SeqCst);
    }
}

impl Events {
    pub(in crate::nats) fn new() -> Arc<Self> {
        let status = Status { connected: true, ..Status::default() };
        Arc::new(Self {
            status: Arc::new(signal::Sender::new(status)),
            link: Mutex::default(),
            made: AtomicU64::new(NOBODY),
            heard: AtomicU64::new(NOBODY),
        })
    }

    /// What another client tells, once it is to be heard.
    pub(in crate::nats) fn teller(self: &Arc<Self>) -> Teller {
        let number = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        Teller { events: self.clone(), number }
    }

    /// Where the connection stands, as told to this object.
    pub(in crate::nats) fn status(&self) -> Arc<signal::Sender<Status>> {
        self.status.clone()
    }

    /// Tells this link from now on.
    pub(in crate::nats) fn serve(&self, link: &Arc<Link>) {
        *self.link.lock() = Arc::downgrade(link);
    }

    fn tell(&self, event: Event) {
        match event {
            Event::Connected => self.up(),
            Event::Disconnected | Event::Closed => self.down(),
            Event::ServerError(ServerError::Other(text)) => self.refused(&text),
            _ => {}
        }
    }

    /// Whether the connection is closed for good, so that nobody needs a new one.
    pub(in crate::nats) fn is_closed(&self) -> bool {
        self.status.borrow().closed
    }

    /// Returns once the connection is closed for good.
    pub(in crate::nats) async fn closed(&self) {
        let _ = self.status.subscribe().wait_for(|status| status.closed).await;
    }

    /// The client has ended, whatever it said last: nothing more of it counts.
    pub(in crate::nats) fn lost(&self) {
        self.heard.store(NOBODY, Ordering::SeqCst);
        self.down();
    }

    /// The client has ended, and there will be no other.
    pub(in crate::nats) fn end(&self) {
        self.status.send_modify(|status| status.ended = true);
        self.lost();
    }

    /// Looks after a client that somebody else made, and whose events go to them.
    pub(in crate::nats) async fn follow(self: Arc<Self>, client: Arc<Current>) {
        let client = client.get();
        let mut connects = client.statistics().connects.load(Ordering::Relaxed);
        loop {
            sleep(FOLLOW).await;
            if self.is_closed() || self.link.lock().strong_count() == 0 {
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

    pub(in crate::nats) fn up(&self) {
        let again = self.status.send_if_modified(|status| {
            let again = !status.connected && !status.ended;
            if again {
                status.connected = true;
                status.epoch += 1;
                status.denied = None;
            }
            again
        });
        if again && let Some(link) = self.link() {
            link.revive();
        }
    }

    fn down(&self) {
        let was_up = self.status.send_if_modified(|status| std::mem::take(&mut status.connected));
        if was_up && let Some(link) = self.link() {
            link.cut();
        }
    }

    /// A refusal names the subject, not the request.
    fn refused(&self, text: &str) {
        let Some(subject) = refused_subject(text) else { return };
        let denied = Some((subject.to_owned(), text.to_owned()));
        self.status.send_modify(|status| status.denied = denied);
        if let Some(link) = self.link() {
            link.refuse(subject, text);
        }
    }

    fn link(&self) -> Option<Arc<Link>> {
        self.link.lock().upgrade()
    }
}
