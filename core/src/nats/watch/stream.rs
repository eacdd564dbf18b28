use super::gaps::{Doubt, Gaps};
use super::reader::Reader;
use super::resume::{Opened, Purpose, Resume, check, check_place, leaders_info, next_at_leader};
use crate::key::PrefixSet;
use crate::kv::{
    BatchLimit, KvError, UpdateBatch, UpdateKind, VersionToken, WatchCursor, WatchSource,
};
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::consumer::{Delivery, End, INACTIVE, Start};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

/// A watch: a consumer on the server, and the position after what was handed out, from which
/// another consumer goes on when that one is lost.
pub(in crate::nats) struct NatsWatch {
    bucket: Arc<Bucket>,
    prefixes: PrefixSet,
    filters: Arc<[String]>,
    purpose: Purpose,
    incarnation: Option<u64>,
    /// The version of the last message that was seen, watched or not; at first the cursor's. While
    /// it is zero the watch starts with the whole state, however often it starts (D1, j7).
    frontier: u64,
    /// The last version of the store when the consumer was made.
    tip: u64,
    synced: bool,
    /// What is known of gaps between messages, in a store where one may be of messages that were
    /// removed and never told.
    gaps: Option<Gaps>,
    /// A message after such a gap, until that was looked into.
    held: Option<Delivery>,
    /// Since when it waits for a message, however often that is given up.
    waits_since: Option<Instant>,
    /// Whether the consumer says that it has been read to its end, and the leader is to be asked
    /// whether that was all.
    unconfirmed: bool,
    /// How often the leader had more by then.
    confirmations: u32,
    state: State,
    failures: u32,
    /// How many consumers were lost one after the other, each soon after it was made.
    short_lived: u32,
    /// The reader that was lost, and when.
    replaces: Option<Box<Reader>>,
    lost: Option<Instant>,
}

enum State {
    Idle,
    /// Until it tries again.
    Paused(Instant),
    Opening(JoinHandle<Result<Opened, KvError>>),
    Reading(Box<Reader>),
    Ended,
}

/// How long a watch waits before it tries again to go on: doubled each time, up to the longest.
const BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);
/// How often a store may be missing before it counts as deleted.
const PATIENCE: u32 = 3;
/// How often to ask whether the end is the end. While others write without a pause there is always
/// more; what could still be missing then is a key that was overwritten during each of these.
const CONFIRMATIONS: u32 = 8;
/// A consumer that is lost within this time was short-lived.
const SHORT: Duration = Duration::from_secs(2);
/// When a watch that nothing comes for looks whether its first state is complete, or whether
/// something is missing. What it waited for may have been removed.
const LOOK_WHEN_UNCERTAIN: Duration = Duration::from_secs(2);
/// When it moves its position on past changes of other keys, in a store that may evict those.
const LOOK_WHEN_EVICTING: Duration = Duration::from_secs(30);

impl NatsWatch {
    /// A watch of these prefixes from a position on.
    pub(in crate::nats) fn new(
        bucket: Arc<Bucket>,
        prefixes: PrefixSet,
        cursor: &WatchCursor,
    ) -> Result<Self, KvError> {
        cursor.check_numbered()?;
        Ok(Self {
            filters: bucket.filters(&prefixes).into(),
            bucket,
            prefixes,
            purpose: Purpose::Changes,
            incarnation: cursor.incarnation(),
            frontier: cursor.as_u64().unwrap_or(0),
            tip: 0,
            synced: false,
            gaps: None,
            held: None,
            waits_since: None,
            unconfirmed: false,
            confirmations: 0,
            state: State::Idle,
            failures: 0,
            short_lived: 0,
            replaces: None,
            lost: None,
        })
    }

    /// A watch of one prefix for its first state only, with or without values, which is read as
    /// fast as it comes: it may be pushed.
    pub(in crate::nats) fn state(
        bucket: Arc<Bucket>,
        prefix: &str,
        keys_only: bool,
        pushed: bool,
    ) -> Result<Self, KvError> {
        let watch = Self::new(bucket, PrefixSet::new(&[prefix])?, &WatchCursor::none())?;
        Ok(Self { purpose: Purpose::State { keys_only, pushed }, ..watch })
    }

    /// Ends it, and waits until the server has let go of it.
    pub(in crate::nats) async fn close(mut self) {
        if let State::Reading(reader) = std::mem::replace(&mut self.state, State::Ended) {
            reader.delete().await;
        }
    }

    fn resume(&mut self) -> Resume {
        Resume {
            replaces: self.replaces.take(),
            bucket: self.bucket.clone(),
            start: if self.frontier == 0 { Start::State } else { Start::After(self.frontier) },
            incarnation: self.incarnation,
            filters: self.filters.clone(),
            purpose: self.purpose,
        }
    }

    fn opened(&mut self, opened: Opened) {
        let Opened { reader, incarnation, tip, gaps } = opened;
        self.incarnation = Some(incarnation);
        self.tip = tip;
        self.gaps = gaps;
        self.waits_since = None;
        self.failures = 0;
        self.lost = None;
        self.unconfirmed = !self.synced && reader.pending() == 0;
        self.state = State::Reading(Box::new(reader));
    }

    /// What to do about a consumer that could not be made: an error if the watch ends here.
    fn failed(&mut self, error: KvError) -> Result<(), KvError> {
        let passing = match &error {
            KvError::ConnectionFailed(_) | KvError::Timeout => true,
            // A cluster that is starting may not know of all its stores yet.
            KvError::WatchError(_) => self.failures < PATIENCE,
            // Those whose place a watch takes that goes on may still be there.
            KvError::LimitExceeded(_) => {
                self.lost.is_some_and(|lost| lost.elapsed() < INACTIVE + LONGEST_BACKOFF * 2)
            }
            _ => false,
        };
        if !passing {
            return Err(error);
        }
        tracing::debug!(store = self.bucket.name, %error, "a watch tries again to go on");
        self.state = State::Paused(Instant::now() + backoff(self.failures));
        self.failures += 1;
        Ok(())
    }

    /// The mark that the first state is complete, once that is certain: when the leader has nothing
    /// after what was read. What the consumer says is pending is not enough. A copy of the store
    /// may be behind, and a key whose message was passed over because it is being overwritten is
    /// not counted for a moment (defect D2).
    async fn confirm(&mut self) -> Result<Option<UpdateBatch>, Stop> {
        self.settle().await?;
        if self.held.is_some() {
            self.unconfirmed = false;
            return Ok(None);
        }
        let next = next_at_leader(&self.bucket, &self.filters, self.frontier).await?;
        self.unconfirmed = false;
        if let Some(next) = next
            && (next <= self.tip || self.confirmations < CONFIRMATIONS)
        {
            self.confirmations += 1;
            return Ok(None);
        }
        if !self.is_uncertain() {
            // Everything up to the tip has been told by now, or was of other keys.
            self.frontier = self.frontier.max(self.tip);
        }
        self.synced = true;
        let mut batch = self.seal(UpdateBatch::default());
        batch.set_synced();
        Ok(Some(batch))
    }

    /// Sees how far it is, where no message tells; an empty batch if its position has moved.
    async fn look(&mut self) -> Result<Option<UpdateBatch>, Stop> {
        self.settle().await?;
        if self.held.is_some() {
            return Ok(None);
        }
        let tip = leaders_info(&self.bucket).await?.state.last_seq;
        let seen = self.reader()?.seen().await??;
        let certain = !self.is_uncertain();
        if certain {
            self.reader()?.has(seen.waiting);
        }
        let read = seen.is_read
            && next_at_leader(&self.bucket, &self.filters, self.frontier)
                .await?
                .is_none_or(|next| next > tip);
        self.waits_since = None;
        self.unconfirmed = read && !self.synced;
        if !read || !certain || tip <= self.frontier {
            return Ok(None);
        }
        self.frontier = tip;
        Ok(Some(self.seal(UpdateBatch::default())))
    }

    fn looks_after(&self) -> Option<Duration> {
        match self.synced && !self.is_uncertain() {
            false => Some(LOOK_WHEN_UNCERTAIN),
            true => self.gaps.is_some().then_some(LOOK_WHEN_EVICTING),
        }
    }

    /// Waits for a message, until it is time to look whether one can come; nothing then.
    async fn wait(&mut self) -> Result<Option<Delivery>, Stop> {
        let looks_after = self.looks_after();
        let since = *self.waits_since.get_or_insert_with(Instant::now);
        let next = self.reader()?.next();
        // Nothing was taken yet, so a future that is dropped here loses nothing.
        let delivery = match looks_after {
            None => next.await?,
            Some(after) => match timeout_at(since + after, next).await {
                Ok(delivery) => delivery?,
                Err(_) => return Ok(None),
            },
        };
        self.waits_since = None;
        Ok(Some(delivery))
    }

    /// Reads what is there, at least one message; nothing if none of it is watched.
    async fn read(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, Stop> {
        match &self.held {
            // What came before it was handed out, so that this is the next one.
            Some(held) => {
                if let Some(doubt) = self.doubt(held) {
                    self.check_gap(doubt).await?;
                }
            }
            None => match self.wait().await? {
                None => return self.look().await,
                delivery => self.held = delivery,
            },
        }
        let mut batch = UpdateBatch::default();
        while let Some(delivery) = self.held.take() {
            if self.doubt(&delivery).is_some() {
                self.held = Some(delivery);
                break;
            }
            self.take(&delivery, &mut batch);
            if let Some(gaps) = &mut self.gaps {
                gaps.passed(delivery.position);
            }
            if batch.len() >= limit.items || batch.bytes() >= limit.bytes {
                break;
            }
            match self.reader()?.try_next() {
                Ok(delivery) => self.held = delivery,
                // What was read before it is handed out first.
                Err(end) => self.lose(&end)?,
            }
        }
        if let State::Reading(reader) = &self.state {
            self.unconfirmed = !self.synced && self.held.is_none() && reader.pending() == 0;
        }
        Ok(Some(self.seal(batch)).filter(|batch| !batch.is_empty()))
    }

    /// Whether there is a position after which something can be missing. A watch that starts with
    /// the whole state has none before its first message.
    fn has_begun(&self) -> bool {
        self.frontier > 0 || self.synced
    }

    /// Whether something may be missing between the frontier and this message, and why.
    fn doubt(&self, delivery: &Delivery) -> Option<Doubt> {
        let Delivery { position, after_lull, .. } = *delivery;
        let gap = position.stream > self.frontier + 1 && self.has_begun();
        self.gaps.as_ref().filter(|_| gap)?.doubt(position, after_lull)
    }

    /// Whether something may be missing after the frontier, of which no message may ever tell.
    fn is_uncertain(&self) -> bool {
        let State::Reading(reader) = &self.state else { return false };
        let gaps = self.gaps.as_ref().filter(|_| self.has_begun());
        gaps.is_some_and(|gaps| gaps.is_behind() || reader.may_lull())
    }

    /// Makes sure that nothing between the frontier and the message after it was removed before it
    /// could be told (S5b), nor before any message that is here by now.
    async fn check_gap(&mut self, doubt: Doubt) -> Result<(), Stop> {
        let certain = self.reader()?.take_in()?;
        let asked = Instant::now();
        let info = leaders_info(&self.bucket).await?;
        let check = if doubt.is_unfounded(&info) { check_place } else { check };
        check(&info, self.frontier, self.incarnation)?;
        if let Some(gaps) = &mut self.gaps {
            gaps.vouch(&info, asked, self.frontier, certain);
        }
        Ok(())
    }

    /// Makes sure, where that is uncertain, that nothing after the frontier was removed before it
    /// could be told, though no message shows it.
    async fn settle(&mut self) -> Result<(), Stop> {
        if !self.is_uncertain() {
            return Ok(());
        }
        let reader = self.reader()?;
        let certain = reader.delivered();
        // Once it has a request, nothing more is kept back.
        let seen = reader.seen().await??;
        let asked = Instant::now();
        let info = leaders_info(&self.bucket).await?;
        if let Err(expired) = check(&info, self.frontier, self.incarnation) {
            // What follows the frontier at once was sent before anything was removed.
            let next = self.reader()?.try_next()?;
            self.held = next.filter(|next| next.position.stream <= self.frontier + 1);
            return if self.held.is_some() { Ok(()) } else { Err(expired.into()) };
        }
        self.reader()?.has(seen.waiting);
        if let Some(gaps) = &mut self.gaps {
            gaps.vouch(&info, asked, self.frontier, certain);
            if seen.is_read && seen.waiting > 0 {
                gaps.catch_up();
            }
        }
        Ok(())
    }

    fn reader(&mut self) -> Result<&mut Reader, Stop> {
        match &mut self.state {
            State::Reading(reader) => Ok(reader),
            _ => Err(Stop::End(End::Lost("it was let go"))),
        }
    }

    /// Adds a message to a batch, if it is watched and was not handed out before.
    fn take(&mut self, delivery: &Delivery, batch: &mut UpdateBatch) {
        let Delivery { message, kind, position, .. } = delivery;
        if position.stream <= self.frontier {
            return;
        }
        self.frontier = position.stream;
        let Some(key) = self.bucket.key(message.subject()) else { return };
        if self.prefixes.is_everything() || self.prefixes.matches(key) {
            if *kind != UpdateKind::Purge {
                self.bucket.unpurged_versions.add(position.stream);
            }
            batch.push(*kind, key, message.payload(), VersionToken::from_u64(position.stream));
        }
    }

    fn seal(&self, mut batch: UpdateBatch) -> UpdateBatch {
        if self.frontier > 0 {
            let cursor = WatchCursor::from_u64(self.frontier);
            batch.set_frontier(match self.incarnation {
                Some(incarnation) => cursor.with_incarnation(incarnation),
                None => cursor,
            });
        }
        batch
    }

    /// Lets go of a consumer, to go on with another one if that can be.
    fn lose(&mut self, end: &End) -> Result<(), KvError> {
        if let State::Reading(reader) = std::mem::replace(&mut self.state, State::Idle) {
            // It is made anew at once, but not without a pause where that happens again and again.
            self.short_lived = if reader.age() < SHORT { self.short_lived + 1 } else { 0 };
            if let Some(repeated) = self.short_lived.checked_sub(2) {
                self.state = State::Paused(Instant::now() + backoff(repeated));
            }
            self.replaces = Some(reader);
            self.lost = Some(Instant::now());
        }
        self.held = None;
        match end {
            End::Lost(why) => {
                let Self { bucket, frontier, .. } = self;
                tracing::debug!(store = bucket.name, frontier, why, "a watch goes on anew");
                Ok(())
            }
            End::Denied(text) => Err(KvError::PermissionDenied(text.clone())),
            End::Closed => Err(KvError::NotConnected),
        }
    }

    async fn step(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        match &mut self.state {
            State::Ended => Ok(None),
            State::Paused(until) => {
                sleep_until(*until).await;
                self.state = State::Idle;
                Ok(None)
            }
            State::Idle => {
                self.bucket.link.connected().await?;
                let opening = self.resume().open();
                // In a task, so that one that is given up half-way still lets go of its consumer.
                self.state = State::Opening(self.bucket.link.runtime().spawn(opening));
                Ok(None)
            }
            State::Opening(opening) => {
                let opened = opening.await.unwrap_or_else(|error| {
                    Err(KvError::WatchError(format!("the watch stopped: {error}")))
                });
                match opened {
                    Ok(opened) => self.opened(opened),
                    Err(error) => self.failed(error)?,
                }
                Ok(None)
            }
            State::Reading(_) => {
                let read =
                    if self.unconfirmed { self.confirm().await } else { self.read(limit).await };
                match read {
                    Ok(batch) => Ok(batch),
                    Err(Stop::End(end)) => self.lose(&end).map(|()| None),
                    // Going on anew finds out whether that passes.
                    Err(Stop::Error(
                        KvError::ConnectionFailed(_) | KvError::Timeout | KvError::WatchError(_),
                    )) => self.lose(&End::Lost("the server did not answer")).map(|()| None),
                    Err(Stop::Error(error)) => Err(error),
                }
            }
        }
    }
}

#[async_trait]
impl WatchSource for NatsWatch {
    async fn next_batch(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        if self.prefixes.is_empty() {
            return Ok(None);
        }
        loop {
            if matches!(self.state, State::Ended) {
                return Ok(None);
            }
            match self.step(limit).await {
                Ok(None) => {}
                Ok(batch) => return Ok(batch),
                Err(error) => {
                    self.state = State::Ended;
                    return Err(error);
                }
            }
        }
    }
}

/// How long to wait before it tries again, after so many attempts in vain.
fn backoff(attempts: u32) -> Duration {
    BACKOFF.saturating_mul(1 << attempts.min(10)).min(LONGEST_BACKOFF)
}

/// Why reading stopped.
pub(in crate::nats) enum Stop {
    End(End),
    Error(KvError),
}

impl From<End> for Stop {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<KvError> for Stop {
    fn from(error: KvError) -> Self {
        Self::Error(error)
    }
}
