//! Sends each request over the lane or over the client, and waits where neither is there.

use super::answer_limit::AnswerLimit;
use super::answers::Answers;
use super::client::carrier::ClientCarrier;
use super::client::current::Current;
use super::client::events::Events;
use super::client::renewal::Renewal;
use super::client::replies;
use super::headers::Headers;
use super::lane::inbox::Inbox;
use super::lane::{LARGEST, Lane};
use super::mux::Mux;
use super::response::Response;
use super::status::{Phase, State, Status};
use super::unanswered::{Unanswered, Unwritten};
use super::writes_under_way::WritesUnderWay;
use crate::kv::KvError;
use crate::nats::connect::config::Settings;
use crate::nats::connect::dial::Dial;
use async_nats::Subject;
use async_nats::connection::State as ClientState;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as signal;
use tokio::time::{sleep, timeout};

/// The two ways to the servers: the client of async-nats, and the lane beside it.
pub(in crate::nats) struct Router {
    client: Arc<Current>,
    /// Asks over the client.
    mux: Arc<Mux<ClientCarrier>>,
    /// A faster way for requests, where there can be one.
    lane: Option<Lane>,
    status: Arc<Status>,
    writes: WritesUnderWay,
    /// How long one request may take (L3).
    timeout: Duration,
    /// True if the client ends with this connection. One that was handed in is its owner's.
    owned: bool,
}

/// Whose the client of a connection is.
pub(in crate::nats) enum Origin {
    /// It was made from these settings, and ends with the connection. Where it ends before, another
    /// one is made.
    Ours(Box<Settings>, Dial),
    /// Somebody else made it and keeps it.
    HandedIn,
}

/// The pause before a request is repeated that no server can answer for a moment, while one is
/// starting or being elected.
pub(in crate::nats) const ASK_AGAIN: Duration = Duration::from_millis(50);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Router {
    /// Takes over a connected client, whose events go to `events`. One request takes no longer than
    /// `timeout` (L3). A client of ours has a lane beside it.
    pub(in crate::nats) async fn start(
        client: Arc<Current>,
        events: &Arc<Events>,
        timeout: Duration,
        origin: Origin,
    ) -> Result<Arc<Self>, KvError> {
        let (settings, dial) = match origin {
            Origin::Ours(settings, dial) => (Some(settings), Some(dial)),
            Origin::HandedIn => (None, None),
        };
        let owned = settings.is_some();
        let renewal = Renewal::of(&client, events, settings);
        let mux = Arc::new(replies::start(client.clone(), renewal).await?);
        events.serve(&mux);
        let lane = dial.map(|dial| Lane::new(client.clone(), dial));
        Ok(Arc::new(Self {
            client,
            mux,
            lane,
            status: events.status().clone(),
            writes: WritesUnderWay::default(),
            timeout,
            owned,
        }))
    }

    /// True if it was closed here.
    pub(in crate::nats) fn is_closed(&self) -> bool {
        self.status.phase().is_closed()
    }

    pub(in crate::nats) fn check_open(&self) -> Result<(), KvError> {
        Ok(self.status.check_open()?)
    }

    pub(in crate::nats) fn is_healthy(&self) -> bool {
        self.status.phase() == Phase::Connected
            && self.client.get().connection_state() == ClientState::Connected
    }

    /// True while the client has a server.
    pub(in crate::nats) fn is_reachable(&self) -> bool {
        self.status.phase().has_server()
    }

    pub(in crate::nats) fn status(&self) -> signal::Receiver<State> {
        self.status.subscribe()
    }

    pub(in crate::nats) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// An inbox nobody else has.
    pub(in crate::nats) fn new_inbox(&self) -> String {
        self.client.get().new_inbox()
    }

    /// The lane, if it is open. It is opened if it is not.
    pub(in crate::nats) fn open_lane(&self) -> Option<&Lane> {
        let lane = self.lane.as_ref()?;
        if !lane.is_open() {
            lane.want();
            return None;
        }
        Some(lane)
    }

    /// Has the lane opened, where there can be one.
    pub(in crate::nats) fn want_lane(&self) {
        if let Some(lane) = &self.lane {
            lane.want();
        }
    }

    /// Opens an inbox that a consumer can deliver to. `asked` is the subject that messages are
    /// asked of; one that ends in a dot stands for all subjects below.
    pub(in crate::nats) fn open_inbox(&self, asked: Subject) -> Result<Inbox, Unanswered> {
        let subject = Subject::from(self.new_inbox());
        let lane = self.lane.as_ref().ok_or(Unanswered::Cut)?;
        let messages = lane.subscribe(&subject, asked.clone())?;
        Ok(Inbox::over(messages, subject, asked))
    }

    /// True if the lane is open, so that messages of others can be read as they are stored.
    pub(in crate::nats) fn has_lane(&self) -> bool {
        self.lane.as_ref().is_some_and(Lane::is_open)
    }

    /// Waits a moment for the lane to open, where there can be one.
    pub(in crate::nats) async fn lane_opened(&self) {
        if let Some(lane) = &self.lane {
            lane.opened().await;
        }
    }

    /// The largest message the server takes, in bytes of headers and payload.
    pub(in crate::nats) fn max_payload(&self) -> usize {
        self.client.get().max_payload()
    }

    /// True if the server is at least of this version.
    pub(in crate::nats) fn server_is(&self, major: u64, minor: u64) -> bool {
        self.client.server_is(major, minor)
    }

    /// True if the server says that JetStream is enabled on it.
    pub(in crate::nats) fn server_has_jetstream(&self) -> bool {
        self.client.get().server_info().jetstream
    }

    /// Waits until the client has a server. Nothing is sent before: a request that its caller has
    /// given up must not reach a server later.
    pub(in crate::nats) async fn connected(&self) -> Result<(), KvError> {
        while !self.is_healthy() {
            self.status.while_lost().await;
            self.check_open()?;
            // The client knows before it says so.
            if !self.is_healthy() {
                sleep(LOOK_AGAIN).await;
            }
        }
        Ok(())
    }

    /// Asks once: for writes. Fails if the answer is lost, since the server may have acted (W6).
    /// `NotConnected` says that it was not asked (W9).
    pub(in crate::nats) async fn ask_once(
        &self,
        subject: Subject,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<Response, KvError> {
        if payload.len() <= LARGEST
            && let Some(lane) = self.open_lane()
        {
            let _under_way = self.writes.begin().ok_or(KvError::NotConnected)?;
            match lane.mux().write(subject.clone(), headers, payload, self.timeout).await {
                // The lane was cut before it took it, so the client is as good as at first.
                Err(Unwritten::NeverSent(Unanswered::Cut)) => {}
                answer => return Ok(answer?),
            }
        }
        // Apart, as everything that few calls need: a call that is as small as can be is allocated
        // by one thread and freed by another without either waiting for the other.
        Box::pin(self.ask_client_once(subject, headers, payload)).await
    }

    /// As [`ask_once`](Self::ask_once), over the client.
    async fn ask_client_once(
        &self,
        subject: Subject,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<Response, KvError> {
        self.connected().await?;
        let _under_way = self.writes.begin().ok_or(KvError::NotConnected)?;
        Ok(self.mux.write(subject, headers, payload, self.timeout).await?)
    }

    /// Asks over the client once, connected or not.
    pub(in crate::nats) async fn ask_client(
        &self,
        subject: Subject,
        payload: &[u8],
    ) -> Result<Response, Unanswered> {
        self.mux.ask(subject, None, payload, self.timeout).await
    }

    /// Asks for a stored message over the lane. The answer is nothing if the API is to be asked
    /// instead. The client is never asked: async-nats may end over headers that others have
    /// written.
    pub(in crate::nats) async fn ask_lane(
        &self,
        subject: Subject,
        payload: &[u8],
    ) -> Result<Option<Response>, KvError> {
        let Some(lane) = self.open_lane() else { return Ok(None) };
        let limit = AnswerLimit::new(self.timeout).now();
        match lane.mux().ask(subject, None, payload, limit).await {
            Err(Unanswered::Cut | Unanswered::Late) => Ok(None),
            answer => Ok(Some(answer?)),
        }
    }

    /// Asks over the client, and repeats the request if the connection was cut meanwhile or no
    /// answer comes, as when a leader was lost that had received it.
    pub(in crate::nats) async fn ask_until_answered(
        &self,
        subject: Subject,
        payload: &[u8],
    ) -> Result<Response, KvError> {
        let mut limit = AnswerLimit::new(self.timeout);
        loop {
            Box::pin(self.connected()).await?;
            match self.mux.ask(subject.clone(), None, payload, limit.now()).await {
                Err(Unanswered::Cut) => sleep(ASK_AGAIN).await,
                Err(Unanswered::Late) if limit.extend() => {}
                answer => return Ok(answer?),
            }
        }
    }

    /// Asks for several stored messages over the lane, and gives each to `take` until that says it
    /// was the last. The answer is nothing if the messages are to be read another way.
    pub(in crate::nats) async fn ask_lane_for_many<T>(
        &self,
        subject: Subject,
        payload: &[u8],
        mut take: impl FnMut(&mut T, Response) -> Result<bool, KvError>,
        mut taken: T,
    ) -> Result<Option<T>, KvError> {
        let Some(lane) = self.open_lane() else { return Ok(None) };
        let limit = AnswerLimit::new(self.timeout).now();
        let mut answers = lane.mux().ask_many(subject, payload).await?;
        let mut come = Vec::new();
        loop {
            // A timer only where there is something to wait for.
            if !answers.ready(&mut come) {
                if timeout(limit, answers.wait()).await.is_err() {
                    return Ok(None);
                }
                continue;
            }
            for answer in come.drain(..) {
                match answer {
                    Ok(response) => {
                        if take(&mut taken, response)? {
                            return Ok(Some(taken));
                        }
                    }
                    Err(Unanswered::Cut | Unanswered::Late) => return Ok(None),
                    Err(why) => return Err(why.into()),
                }
            }
        }
    }

    /// Asks over the client for several answers, each of which is a status.
    pub(in crate::nats) async fn listen(
        &self,
        subject: Subject,
        payload: &[u8],
    ) -> Result<Answers, Unanswered> {
        self.mux.ask_many(subject, payload).await
    }

    /// Sends no write from now on; true if this was the first to say so.
    pub(in crate::nats) fn stop_writes(&self) -> bool {
        self.writes.shut()
    }

    /// Waits until every write that was sent is answered, as long as one may take.
    pub(in crate::nats) async fn writes_ended(&self) {
        let _ = timeout(self.timeout, self.writes.ended()).await;
    }

    /// Notes that the connection is closed, so that nobody waits for it any longer.
    pub(in crate::nats) fn close(&self) {
        self.status.close();
    }

    /// Fails every request from now on, and ends the client if it is ours. Waits until the server
    /// has heard of it, no longer than `farewell`.
    pub(in crate::nats) async fn end(&self, farewell: Duration) {
        self.mux.end(Unanswered::Closed);
        self.mux.stop();
        if let Some(lane) = &self.lane {
            lane.end();
        }
        if !self.owned {
            return;
        }
        let reachable = self.is_reachable();
        if self.client.get().drain().await.is_ok() && reachable {
            let _ = timeout(farewell, self.status.left()).await;
        }
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // Else a client whose server is down would look for it for ever.
        if self.owned {
            self.close();
        }
    }
}
