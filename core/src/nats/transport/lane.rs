//! A connection of our own beside that of async-nats, for requests that are many, and for all
//! messages that others wrote.
//!
//! async-nats makes a map of the headers of every answer, which costs more than everything else
//! that a read needs on this side, and it ends over headers that it does not take. The lane reads
//! answers as they are. It is opened when it is first wanted; while it is not there, for whatever
//! reason, requests go the other way, and reads are answered in JSON. So nothing depends on it, and
//! async-nats alone decides whether there is a connection.

use super::current::Current;
use super::outgoing::Outgoing;
use super::pending::{PendingAnswers, Ticket};
use super::request::{Requests, Unanswered, new_inbox};
use super::response::Response;
use super::subscription::Subscription;
use super::wire::{Frame, next_frame};
use crate::cork::Flush;
use crate::lock::Mutex;
use crate::nats::connect::dial::{Accepted, Dial, INBOX, Socket};
use crate::nats::jetstream::message::refused_subject;
use async_nats::Subject;
use bytes::BytesMut;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::{Notify, watch as signal};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};

/// The lane of one connection.
pub(in crate::nats) struct Lane {
    requests: Requests,
    outgoing: Arc<Outgoing>,
    wanted: Arc<Notify>,
    /// Whether the last attempt to open it failed, told after each.
    failed: signal::Receiver<bool>,
}

/// Requests above this go the other way, where they are not copied.
pub(in crate::nats) const LARGEST: usize = 64 << 10;

/// How long to wait before a server that would not have it is asked again.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// The server is asked for a sign of life this often, and given up when it has given none in the
/// last so many of these times.
const PING_INTERVAL: Duration = Duration::from_millis(2500);
const SILENT_INTERVALS: u32 = 2;

/// How long what is better sent over the lane waits for it to open.
const OPENING: Duration = Duration::from_millis(250);

const READ_AT_ONCE: usize = 64 << 10;

impl Lane {
    /// A lane to the servers that this client knows, which is opened once it is wanted.
    pub(in crate::nats) fn new(client: Arc<Current>, dial: Dial) -> Self {
        let (outgoing, wanted) = (Arc::new(Outgoing::default()), Arc::new(Notify::new()));
        let (attempted, failed) = signal::channel(false);
        let inbox = new_inbox(&client.get());
        let requests = Requests::over_lane(inbox.clone(), outgoing.clone(), |table| {
            let (outgoing, wanted) = (outgoing.clone(), wanted.clone());
            Keeper { client, dial, inbox, outgoing, wanted, attempted, table }.run()
        });
        Self { requests, outgoing, wanted, failed }
    }

    /// The way for a request of this size, if there is one now.
    pub(in crate::nats) fn requests(&self, size: usize) -> Option<&Requests> {
        if size > LARGEST {
            return None;
        }
        if self.outgoing.is_open() {
            return Some(&self.requests);
        }
        self.want();
        None
    }

    pub(in crate::nats) fn is_open(&self) -> bool {
        self.outgoing.is_open()
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
                let _ = timeout(OPENING, attempts.changed()).await;
            }
        }
    }

    /// Has it opened, if it is not open.
    pub(in crate::nats) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Listens to a subject, if the lane is open. `asked` is what will be asked for messages to it.
    pub(in crate::nats) fn subscribe(
        &self,
        subject: &Subject,
        asked: Subject,
    ) -> Result<Subscription, Unanswered> {
        let answers = self.requests.answers(asked);
        Subscription::start(subject, answers, self.outgoing.clone())
    }

    /// Closes it, and fails every request from now on.
    pub(in crate::nats) fn end(&self) {
        self.requests.end(Unanswered::Closed);
        self.requests.stop();
    }
}

/// Opens the lane when it is wanted, and again when it was cut.
struct Keeper {
    client: Arc<Current>,
    dial: Dial,
    inbox: String,
    outgoing: Arc<Outgoing>,
    wanted: Arc<Notify>,
    /// Told of each attempt whether it failed.
    attempted: signal::Sender<bool>,
    table: Weak<Mutex<PendingAnswers>>,
}

impl Keeper {
    async fn run(self) {
        let mut delay = FIRST_DELAY;
        loop {
            self.wanted.notified().await;
            match self.open().await {
                Ok(accepted) => {
                    let why = self.serve(accepted).await;
                    tracing::debug!(error = %why, "the connection for requests was cut");
                    delay = FIRST_DELAY;
                }
                Err(error) => {
                    tracing::debug!(%error, "no connection for requests");
                    self.attempted.send_replace(true);
                    sleep(delay).await;
                    delay = (delay * 2).min(LONGEST_DELAY);
                }
            }
        }
    }

    /// Connects to one of the servers that the client knows, to the one it is likely connected to
    /// first.
    async fn open(&self) -> io::Result<Accepted> {
        let client = self.client.get();
        let mut servers = client.server_pool().await.map_err(io::Error::other)?;
        servers.sort_by_key(|server| (server.failed_attempts, !server.did_connect));
        let mut refused = io::Error::other("no server to connect to");
        for server in servers {
            match self.dial.open(&server.addr, &format!("{}*", self.inbox)).await {
                Ok(accepted) => return Ok(accepted),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    async fn serve(&self, accepted: Accepted) -> io::Error {
        let mut pings = interval(PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut serving = Serving {
            keeper: self,
            socket: accepted.socket,
            read: accepted.read,
            pings,
            silent: 0,
        };
        self.outgoing.open(accepted.direct);
        self.attempted.send_replace(false);
        let why = poll_fn(|cx| serving.poll(cx)).await;
        self.outgoing.close();
        if let Some(table) = self.table.upgrade() {
            table.lock().fail(&Unanswered::Cut, |_| true);
        }
        why
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.outgoing.close();
    }
}

/// A lane that is open.
struct Serving<'a> {
    keeper: &'a Keeper,
    socket: Box<dyn Socket>,
    read: BytesMut,
    pings: Interval,
    /// Intervals without a sign of life.
    silent: u32,
}

impl Serving<'_> {
    /// Reads, hands out and writes whatever there is. Ready when the lane is cut.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        match self.try_poll(cx) {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(error),
        }
    }

    fn try_poll(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.pings.poll_tick(cx).is_ready() {
            self.silent += 1;
            if self.silent > SILENT_INTERVALS {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.say(b"PING\r\n");
        }
        // What has come first: those who get it may ask for more, which is then written at once.
        while self.poll_read(cx)?.is_ready() {
            self.hand_out()?;
        }
        self.keeper.outgoing.poll_write(&mut self.socket, cx)
    }

    /// Reads once.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        self.read.reserve(READ_AT_ONCE);
        match pin!(self.socket.read_buf(&mut self.read)).poll(cx)? {
            Poll::Pending => Ok(Poll::Pending),
            Poll::Ready(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Poll::Ready(_) => {
                self.silent = 0;
                Ok(Poll::Ready(()))
            }
        }
    }

    /// Hands out what has come in full, under one lock.
    fn hand_out(&mut self) -> io::Result<()> {
        let Some(table) = self.keeper.table.upgrade() else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let token_at = self.keeper.inbox.len();
        let mut table = table.lock();
        while let Some(frame) = next_frame(&mut self.read)? {
            match frame {
                Frame::Message(message) => {
                    let token = match message.subscription() {
                        name if name == INBOX.as_bytes() => message.subject().get(token_at..),
                        name => Some(name),
                    };
                    if let Some(ticket) = token.and_then(Ticket::parse) {
                        table.answer(ticket, Ok(Response::Lane(message)));
                    }
                }
                Frame::Ping => self.say(b"PONG\r\n"),
                Frame::Error(text) => refused(&mut table, &text)?,
                Frame::Info(_) | Frame::Pong | Frame::Ok => {}
            }
        }
        Ok(())
    }

    fn say(&self, text: &[u8]) {
        // It is open as long as it is served.
        let _ = self.keeper.outgoing.push(|out| out.extend_from_slice(text));
    }
}

/// A refusal that is about a subject fails the requests to it; any other one, and one of the inbox,
/// is the end.
fn refused(table: &mut PendingAnswers, text: &str) -> io::Result<()> {
    let subject = refused_subject(text).filter(|_| text.contains("Publish"));
    table.deny(subject.ok_or_else(|| io::Error::other(text.to_owned()))?, text);
    Ok(())
}
