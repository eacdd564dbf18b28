//! Opens the lane when it is wanted, and hands out the messages that come over it until it is cut.

use super::outgoing::Outgoing;
use crate::lock::Mutex;
use crate::nats::connect::dial::{Accepted, Dial, INBOX, Socket};
use crate::nats::transport::client::current::Current;
use crate::nats::transport::pending::PendingAnswers;
use crate::nats::transport::response::Response;
use crate::nats::transport::status::Denial;
use crate::nats::transport::ticket::Ticket;
use crate::nats::transport::unanswered::Unanswered;
use crate::nats::wire::frame::{Frame, next_frame};
use bytes::BytesMut;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::{Notify, watch as signal};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

/// Opens the lane when it is wanted, and again when it was cut.
pub(in crate::nats) struct Opener {
    pub(super) client: Arc<Current>,
    pub(super) dial: Dial,
    pub(super) inbox: String,
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) wanted: Arc<Notify>,
    /// Set after each attempt: true if it failed.
    pub(super) attempted: signal::Sender<bool>,
    pub(super) pending: Weak<Mutex<PendingAnswers>>,
}

/// How long to wait before a server that would not have it is asked again.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// The server is asked for a sign of life this often, and given up when it has given none in the
/// last so many of these times.
const PING_INTERVAL: Duration = Duration::from_millis(2500);
const SILENT_INTERVALS: u32 = 2;

const READ_AT_ONCE: usize = 64 << 10;

impl Opener {
    pub(in crate::nats) async fn run(self) {
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
            opener: self,
            socket: accepted.socket,
            read: accepted.read,
            pings,
            silent: 0,
        };
        self.outgoing.open(accepted.direct);
        self.attempted.send_replace(false);
        let why = poll_fn(|cx| serving.poll(cx)).await;
        self.outgoing.close();
        if let Some(pending) = self.pending.upgrade() {
            pending.lock().fail(&Unanswered::Cut, |_| true);
        }
        why
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        self.outgoing.close();
    }
}

/// A lane that is open.
struct Serving<'a> {
    opener: &'a Opener,
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
        // Reads before it writes: whoever gets an answer may ask for more, which is written at
        // once.
        while self.poll_read(cx)?.is_ready() {
            self.hand_out()?;
        }
        self.opener.outgoing.poll_write(&mut self.socket, cx)
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

    /// Hands out the frames that are complete, under one lock.
    fn hand_out(&mut self) -> io::Result<()> {
        let Some(pending) = self.opener.pending.upgrade() else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let token_at = self.opener.inbox.len();
        let mut pending = pending.lock();
        while let Some(frame) = next_frame(&mut self.read)? {
            match frame {
                Frame::Message(message) => {
                    let token = match message.subscription() {
                        name if name == INBOX.as_bytes() => message.subject().get(token_at..),
                        name => Some(name),
                    };
                    if let Some(ticket) = token.and_then(Ticket::parse) {
                        pending.answer(ticket, Ok(Response::Lane(message)));
                    }
                }
                Frame::Ping => self.say(b"PONG\r\n"),
                Frame::Error(text) => refused(&mut pending, &text)?,
                Frame::Info(_) | Frame::Pong | Frame::Ok => {}
            }
        }
        Ok(())
    }

    fn say(&self, text: &[u8]) {
        // It is open as long as it is served.
        let _ = self.opener.outgoing.push(|out| out.extend_from_slice(text));
    }
}

/// A refusal that is about a subject fails the requests to it; any other one, and one of the inbox,
/// is the end.
fn refused(pending: &mut PendingAnswers, text: &str) -> io::Result<()> {
    let denial = Denial::parse(text).filter(|_| text.contains("Publish"));
    let Denial { subject, text } = denial.ok_or_else(|| io::Error::other(text.to_owned()))?;
    pending.deny(&subject, &text);
    Ok(())
}
