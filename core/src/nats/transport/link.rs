use super::current::{Current, Renewal};
use super::events::{Events, Status};
use super::headers::Headers;
use super::lane::Lane;
use super::pending::Answers;
use super::request::{Requests, Unanswered, Unwritten};
use super::response::Response;
use super::writes_under_way::WritesUnderWay;
use crate::fork::{self, Gate, Gated};
use crate::kv::KvError;
use crate::lock::Mutex;
use crate::nats::connect::config::Settings;
use crate::nats::connect::dial::Dial;
use crate::nats::jetstream::api::{Refusal, Reply};
use crate::nats::jetstream::message::not_understood;
use async_nats::Subject;
use async_nats::connection::State as ClientState;
use futures_util::future::{join, join_all};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch as signal;
use tokio::time::{Instant, sleep, timeout};

/// One open connection: what its stores and watches ask through.
pub(in crate::nats) struct Link {
    client: Arc<Current>,
    requests: Requests,
    status: Arc<signal::Sender<Status>>,
    /// The consumers on the server that watches of this connection read.
    consumers: Mutex<HashSet<ConsumerName>>,
    writes: WritesUnderWay,
    /// Told once everything of this connection has ended.
    finished: signal::Sender<bool>,
    runtime: Handle,
    stale_reads: bool,
    timeout: Duration,
    /// Whether the client ends with this connection. One that was handed in is its owner's.
    owned: bool,
    /// A faster way for requests, where there can be one.
    lane: Option<Lane>,
    generation: u64,
    gate: Gate,
    me: Weak<Link>,
}

/// Whose the client of a connection is.
pub(in crate::nats) enum Origin {
    /// It was made from these settings, and ends with the connection. Where it ends before, another
    /// one is made.
    Ours(Box<Settings>, Dial),
    /// Somebody else made it and keeps it.
    HandedIn,
}

/// A consumer, by its stream and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::nats) struct ConsumerName {
    pub(in crate::nats) stream: String,
    pub(in crate::nats) name: String,
}

/// How long a server that has just come up may take to start its JetStream.
const START_UP: Duration = Duration::from_secs(2);
/// Before asking again what no server can answer for a moment: one is starting, or being elected.
pub(in crate::nats) const ASK_AGAIN: Duration = Duration::from_millis(50);
/// How long closing waits for the server to have heard of it.
const FAREWELL: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Link {
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
        let stale_reads = settings.as_ref().is_some_and(|it| it.options.stale_reads);
        let owned = settings.is_some();
        let renewal = Renewal::of(&client, events, settings);
        let requests = Requests::over_client(client.clone(), renewal).await?;
        let lane = dial.map(|dial| Lane::new(client.clone(), dial));
        let link = Arc::new_cyclic(|me| Self {
            client,
            lane,
            requests,
            status: events.status(),
            consumers: Mutex::default(),
            writes: WritesUnderWay::default(),
            finished: signal::Sender::new(false),
            runtime: Handle::current(),
            stale_reads,
            timeout,
            owned,
            generation: fork::generation(),
            gate: Gate::default(),
            me: me.clone(),
        });
        events.serve(&link);
        // The refusal may have come before there was anybody to be told.
        let denied = link.status.borrow().denied.clone();
        if let Some((subject, text)) = denied {
            link.refuse(&subject, &text);
        }
        fork::register(&link);
        Ok(link)
    }

    /// Whether it was closed here, or is that of a parent process.
    pub(in crate::nats) fn is_closed(&self) -> bool {
        // In a forked child the status may be locked by a thread that is not there.
        !self.is_ours() || self.status.borrow().closed
    }

    pub(in crate::nats) fn check_open(&self) -> Result<(), KvError> {
        if self.is_closed() {
            return Err(Unanswered::Closed.into());
        }
        if self.status.borrow().ended {
            return Err(Unanswered::Ended.into());
        }
        Ok(())
    }

    pub(in crate::nats) fn is_healthy(&self) -> bool {
        let status = self.status.borrow();
        status.connected
            && !status.closed
            && self.client.get().connection_state() == ClientState::Connected
    }

    pub(in crate::nats) fn status(&self) -> signal::Receiver<Status> {
        self.status.subscribe()
    }

    /// An inbox nobody else has.
    pub(in crate::nats) fn new_inbox(&self) -> String {
        self.client.get().new_inbox()
    }

    pub(in crate::nats) fn lane(&self) -> Option<&Lane> {
        self.lane.as_ref()
    }

    /// Whether what others wrote can be read as it is.
    pub(in crate::nats) fn has_lane(&self) -> bool {
        self.lane.as_ref().is_some_and(Lane::is_open)
    }

    /// Waits a moment for the lane to open, where there can be one.
    pub(in crate::nats) async fn lane_opened(&self) {
        if let Some(lane) = &self.lane {
            lane.opened().await;
        }
    }

    pub(in crate::nats) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(in crate::nats) fn stale_reads(&self) -> bool {
        self.stale_reads
    }

    /// Whether this process is the one that connected, not a forked child of it.
    pub(in crate::nats) fn is_ours(&self) -> bool {
        self.generation == fork::generation()
    }

    /// The largest message the server takes, in bytes of headers and payload.
    pub(in crate::nats) fn max_payload(&self) -> usize {
        self.client.get().max_payload()
    }

    /// Whether the server is at least of this version.
    pub(in crate::nats) fn server_is(&self, major: u64, minor: u64) -> bool {
        self.client.server_is(major, minor)
    }

    /// Waits until the connection is there. Nothing is sent before: what a caller no longer waits
    /// for must not reach the server later.
    pub(in crate::nats) async fn connected(&self) -> Result<(), KvError> {
        while !self.is_healthy() {
            let mut status = self.status.subscribe();
            let come = |status: &Status| status.connected || status.closed || status.ended;
            let _ = status.wait_for(come).await;
            self.check_open()?;
            // The client knows before it says so.
            if !self.is_healthy() {
                sleep(LOOK_AGAIN).await;
            }
        }
        Ok(())
    }

    /// The way for a request of this size, once there is one. Without a size it is not the lane.
    async fn way(&self, size: Option<usize>) -> Result<&Requests, KvError> {
        let lane = self.lane.as_ref().zip(size);
        if let Some(requests) = lane.and_then(|(lane, size)| lane.requests(size)) {
            return Ok(requests);
        }
        // Apart, as everything that few calls need: a call that is as small as can be is allocated
        // by one thread and freed by another without either waiting for the other.
        Box::pin(self.connected()).await?;
        Ok(&self.requests)
    }

    /// Asks once: for writes. Fails if the answer is lost, since the server may have acted (W6).
    /// `NotConnected` says that it was not asked (W9).
    pub(in crate::nats) async fn ask_once(
        &self,
        subject: Subject,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<Response, KvError> {
        let mut size = Some(payload.len());
        loop {
            let way = self.way(size).await?;
            let _under_way = self.writes.begin().ok_or(KvError::NotConnected)?;
            match way.write(subject.clone(), headers, payload, self.timeout).await {
                // The lane was cut before it took it, so the other way is as good as at first.
                Err(Unwritten::NeverSent(Unanswered::Cut)) if size.is_some() => size = None,
                answer => return Ok(answer?),
            }
        }
    }

    /// Asks for a message that was stored, over the lane; nothing if it is to be asked of the API
    /// instead. async-nats may end over what others have written.
    pub(in crate::nats) async fn ask_lane(
        &self,
        subject: Subject,
        payload: &[u8],
    ) -> Result<Option<Response>, KvError> {
        let Some(requests) = self.lane.as_ref().and_then(|lane| lane.requests(0)) else {
            return Ok(None);
        };
        let patience = Patience::new(self.timeout).one();
        match requests.ask(subject, None, payload, patience).await {
            Err(Unanswered::Cut | Unanswered::Late) => Ok(None),
            answer => Ok(Some(answer?)),
        }
    }

    /// Asks the API, again if the connection was cut meanwhile or nobody answers, as when a leader
    /// was lost that had heard it.
    async fn repeat(&self, subject: Subject, payload: &[u8]) -> Result<Response, KvError> {
        let mut patience = Patience::new(self.timeout);
        loop {
            let way = self.way(None).await?;
            match way.ask(subject.clone(), None, payload, patience.one()).await {
                Err(Unanswered::Cut) => sleep(ASK_AGAIN).await,
                Err(Unanswered::Late) if patience.more() => {}
                answer => return Ok(answer?),
            }
        }
    }

    /// Asks for messages that were stored, over the lane, all of which `take` is given until it
    /// says it has seen the last; nothing if they are to be asked for another way.
    pub(in crate::nats) async fn ask_lane_for_many<T>(
        &self,
        subject: Subject,
        payload: &[u8],
        mut take: impl FnMut(&mut T, Response) -> Result<bool, KvError>,
        mut taken: T,
    ) -> Result<Option<T>, KvError> {
        let Some(requests) = self.lane.as_ref().and_then(|lane| lane.requests(0)) else {
            return Ok(None);
        };
        let patience = Patience::new(self.timeout).one();
        let mut answers = requests.ask_many(subject, payload).await?;
        let mut come = Vec::new();
        loop {
            // A timer only where there is something to wait for.
            if !answers.ready(&mut come) {
                if timeout(patience, answers.wait()).await.is_err() {
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

    /// Asks for what has statuses for answers, several of them.
    pub(in crate::nats) async fn listen(
        &self,
        subject: Subject,
        payload: &[u8],
    ) -> Result<Answers, Unanswered> {
        self.requests.ask_many(subject, payload).await
    }

    /// Asks the JetStream API, and waits a moment for servers that are starting or electing. A
    /// refusal is an answer here: the caller knows which of them it expects.
    pub(in crate::nats) async fn api<T: DeserializeOwned>(
        &self,
        operation: &str,
        request: &impl Serialize,
    ) -> Result<Result<T, Refusal>, KvError> {
        self.call(operation, request, Unheard::AskedAgain).await
    }

    /// As [`api`](Self::api), for what changes a key: it is not asked again if its answer is lost.
    pub(in crate::nats) async fn api_once<T: DeserializeOwned>(
        &self,
        operation: &str,
        request: &impl Serialize,
    ) -> Result<Result<T, Refusal>, KvError> {
        self.call(operation, request, Unheard::Failed).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        operation: &str,
        request: &impl Serialize,
        unheard: Unheard,
    ) -> Result<Result<T, Refusal>, KvError> {
        let payload = serde_json::to_vec(request).map_err(|error| {
            KvError::SerializationError(format!("a request to {operation}: {error}"))
        })?;
        let subject = Subject::from(format!("$JS.API.{operation}"));
        let start = Instant::now();
        loop {
            let response = match unheard {
                Unheard::AskedAgain => self.repeat(subject.clone(), &payload).await?,
                Unheard::Failed => self.ask_once(subject.clone(), None, &payload).await?,
            };
            if response.is_no_responders() {
                let enabled = self.client.get().server_info().jetstream;
                if !enabled && start.elapsed() >= START_UP {
                    let error = "no server answers for JetStream: is it enabled there?";
                    return Err(KvError::OperationFailed(error.into()));
                }
                if start.elapsed() >= self.timeout {
                    let error = "no server answers for JetStream";
                    return Err(KvError::ConnectionFailed(error.into()));
                }
            } else {
                let reply = serde_json::from_slice(response.payload()).map_err(|error| {
                    not_understood(&format!("an answer to {operation}: {error}"))
                })?;
                match reply {
                    Reply::Answer(answer) => return Ok(Ok(answer)),
                    Reply::Refused { error }
                        if error.is_passing() && start.elapsed() < self.timeout => {}
                    Reply::Refused { error } => return Ok(Err(error)),
                }
            }
            sleep(ASK_AGAIN).await;
        }
    }

    /// Notes a consumer that is about to be made.
    pub(in crate::nats) fn adopt(&self, consumer: ConsumerName) {
        self.consumers.lock().insert(consumer);
    }

    /// Deletes a consumer from the server, as far as that can be reached: one that stays is
    /// removed by the server itself when nobody asks it any more.
    pub(in crate::nats) async fn delete_consumer(&self, consumer: &ConsumerName) {
        if !self.consumers.lock().remove(consumer) || !self.status.borrow().connected {
            return;
        }
        let ConsumerName { stream, name } = consumer;
        let subject = format!("$JS.API.CONSUMER.DELETE.{stream}.{name}");
        let asked = self.requests.ask(subject.into(), None, &[], self.timeout);
        if let Err(error) = asked.await {
            tracing::debug!(stream, name, ?error, "a consumer was left for the server to remove");
        }
    }

    /// Asks again on a connection made anew, where this user may be allowed what it was not.
    pub(in crate::nats) fn revive(&self) {
        self.requests.revive();
    }

    /// Fails the requests that were under way when the connection was cut.
    pub(in crate::nats) fn cut(&self) {
        self.requests.fail_all(&Unanswered::Cut);
    }

    /// Fails the requests that a refusal of the server is about.
    pub(in crate::nats) fn refuse(&self, subject: &str, text: &str) {
        if self.requests.is_inbox(subject) {
            // Nothing that is asked will ever be answered. What was asked before may have been
            // done, so it is not what was refused.
            self.cut();
            self.requests.end(Unanswered::Denied(text.to_owned()));
        } else {
            self.requests.deny(subject, text);
        }
    }

    /// Ends watches and requests, and the client if it is ours, and returns when that is done. It is
    /// done also where nobody waits for it any longer. Twice is fine.
    ///
    /// From now on no write is sent. Those that were sent are waited for, as long as one may take;
    /// what is unanswered then is of unknown outcome (W9).
    pub(in crate::nats) async fn shut_down(self: &Arc<Self>) {
        let mut finished = self.finished.subscribe();
        if self.writes.shut() {
            let ending = Ending(self.clone());
            self.runtime.spawn(async move {
                let Ending(link) = &ending;
                link.end().await;
            });
        }
        // The link lives as long as this does, so waiting cannot fail.
        let _ = finished.wait_for(|finished| *finished).await;
    }

    async fn end(&self) {
        let left: Vec<_> = self.consumers.lock().iter().cloned().collect();
        let farewell = async {
            let deletes = left.iter().map(|consumer| self.delete_consumer(consumer));
            // What cannot be reached in time is left to the server.
            let _ = timeout(FAREWELL, join_all(deletes)).await;
            self.status.send_modify(|status| status.closed = true);
        };
        let _ = join(farewell, timeout(self.timeout, self.writes.ended())).await;
        self.requests.end(Unanswered::Closed);
        self.requests.stop();
        if let Some(lane) = &self.lane {
            lane.end();
        }
        if !self.owned {
            return;
        }
        let mut status = self.status.subscribe();
        let reachable = status.borrow().connected;
        if self.client.get().drain().await.is_ok() && reachable {
            let _ = timeout(FAREWELL, status.wait_for(|status| !status.connected)).await;
        }
    }
}

/// What becomes of a request whose answer was lost.
#[derive(Clone, Copy)]
enum Unheard {
    AskedAgain,
    Failed,
}

/// A link that is being shut down.
struct Ending(Arc<Link>);

impl Drop for Ending {
    /// Whoever waits is told, also where the runtime ended before its time.
    fn drop(&mut self) {
        self.0.finished.send_replace(true);
    }
}

/// How long to wait for an answer before asking again: longer each time, in case it is the answer
/// that takes long.
struct Patience {
    next: Duration,
    left: Duration,
}

impl Patience {
    const FIRST: Duration = Duration::from_secs(1);

    fn new(timeout: Duration) -> Self {
        Self { next: Self::FIRST, left: timeout }
    }

    fn one(&self) -> Duration {
        self.next.min(self.left)
    }

    /// Notes that one was in vain; whether to ask again.
    fn more(&mut self) -> bool {
        self.left = self.left.saturating_sub(self.one());
        self.next *= 2;
        !self.left.is_zero()
    }
}

impl Gated for Link {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The parent's runtime does not run in a child, and its locks may be held for ever: nothing of
    /// it may be dropped there.
    fn abandon(&self) {
        std::mem::forget(self.me.upgrade());
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Else a client whose server is down would look for it for ever.
        if self.owned {
            self.status.send_modify(|status| status.closed = true);
        }
    }
}
