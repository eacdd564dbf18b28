//! A watch on a bucket: the machine of its phases, and the plumbing that feeds it.

use super::event::{Effect, Event, Intake, Want};
use super::leader::{leaders_info, next_at_leader};
use super::machine::Machine;
use super::opening::{Made, Opener, Opening, Purpose};
use super::reader::Reader;
use super::stop::Stop;
use crate::kv::key::KeySet;
use crate::kv::{
    BatchLimit, Footprint, Gone, KvError, UpdateBatch, UpdateKind, VersionToken, WatchCursor,
    WatchSource,
};
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::consumer::Delivery;
use crate::nats::jetstream::end::End;
use crate::nats::jetstream::message::Said;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::time::{Instant, sleep_until, timeout_at};

/// A watch: a position, and the consumer that reads on from there.
pub(in crate::nats) struct NatsWatch {
    opener: Opener,
    keys: KeySet,
    machine: Machine,
    source: Source,
}

/// Where messages come from.
enum Source {
    Nowhere,
    Opening(Opening),
    /// After the reader was lost it is kept until another one takes its place.
    Reader(Box<Reader>),
}

impl NatsWatch {
    /// A watch of these keys from a position on.
    pub(in crate::nats) fn new(
        bucket: Arc<Bucket>,
        keys: KeySet,
        cursor: &WatchCursor,
    ) -> Result<Self, KvError> {
        Self::open(bucket, keys, cursor, Purpose::Changes)
    }

    /// A watch of one prefix for its first state only, with or without values, which is read as
    /// fast as it comes: it may be pushed.
    pub(in crate::nats) fn state(
        bucket: Arc<Bucket>,
        prefix: &str,
        keys_only: bool,
        pushed: bool,
    ) -> Result<Self, KvError> {
        let purpose = Purpose::State { keys_only, pushed };
        Self::open(bucket, KeySet::of_prefixes(&[prefix])?, &WatchCursor::none(), purpose)
    }

    fn open(
        bucket: Arc<Bucket>,
        keys: KeySet,
        cursor: &WatchCursor,
        purpose: Purpose,
    ) -> Result<Self, KvError> {
        cursor.check_numbered()?;
        let filters = bucket.filters(&keys).into();
        Ok(Self {
            opener: Opener { bucket, filters, purpose, footprint: Footprint::new() },
            keys,
            machine: Machine::new(cursor),
            source: Source::Nowhere,
        })
    }

    /// Ends it, and waits until the server has let go of it.
    pub(in crate::nats) async fn close(self) {
        if let Source::Reader(reader) = self.source {
            reader.delete().await;
        }
    }

    /// Waits for what the machine wants. Dropping the future loses nothing.
    async fn wait(&mut self, want: Want) -> Result<Event, Stop> {
        let Opener { bucket, filters, .. } = &self.opener;
        Ok(match want {
            Want::Time(time) => {
                sleep_until(time).await;
                Event::Due
            }
            Want::Connection => {
                bucket.router().connected().await?;
                Event::Connected
            }
            Want::Opening => {
                let Source::Opening(opening) = &mut self.source else { return Err(let_go()) };
                let Made { reader, opened } = opening.outcome().await?;
                self.source = Source::Reader(Box::new(reader));
                Event::Opened(opened)
            }
            Want::MessageHere => self.message_here()?,
            Want::Message { until } => {
                let next = self.reader()?.next();
                match until {
                    None => Event::Message(next.await?),
                    Some(until) => match timeout_at(until, next).await {
                        Ok(message) => Event::Message(message?),
                        Err(_) => Event::Due,
                    },
                }
            }
            Want::TakenIn => {
                self.reader()?.take_in()?;
                Event::TakenIn
            }
            Want::Consumer => Event::Consumer(self.reader()?.seen().await??),
            Want::Stream => {
                let asked = Instant::now();
                Event::Stream { info: Box::new(leaders_info(bucket).await?), asked }
            }
            Want::Next { after } => Event::Next(next_at_leader(bucket, filters, after).await?),
            Want::End => return Err(let_go()),
        })
    }

    fn message_here(&mut self) -> Result<Event, Stop> {
        Ok(self.reader()?.try_next()?.map_or(Event::Empty, Event::Message))
    }

    fn reader(&mut self) -> Result<&mut Reader, Stop> {
        match &mut self.source {
            Source::Reader(reader) => Ok(reader),
            _ => Err(let_go()),
        }
    }

    /// Tells the machine what happened, and does what follows from it. True if the batch is to be
    /// handed out as it is.
    fn tell(&mut self, event: Event, batch: &mut UpdateBatch) -> bool {
        self.log(&event);
        let effect = self.machine.on(event, self.intake(), &Instant::now);
        match effect {
            None => false,
            Some(Effect::HandOut(message)) => {
                self.push(&message, batch);
                false
            }
            Some(Effect::MarkSynced) => {
                batch.set_synced();
                true
            }
            Some(Effect::MarkPosition) => true,
            Some(Effect::NoteRequests(waiting)) => {
                if let Source::Reader(reader) = &mut self.source {
                    reader.has(waiting);
                }
                false
            }
            Some(Effect::Open(plan)) => {
                let lost = match std::mem::replace(&mut self.source, Source::Nowhere) {
                    Source::Reader(reader) => Some(reader),
                    Source::Nowhere | Source::Opening(_) => None,
                };
                self.source = Source::Opening(Opening::start(&self.opener, plan, lost));
                false
            }
        }
    }

    fn intake(&self) -> Intake {
        match &self.source {
            Source::Reader(reader) => Intake {
                pending: reader.pending(),
                delivered: reader.delivered(),
                may_lull: reader.may_lull(),
            },
            Source::Nowhere | Source::Opening(_) => Intake::default(),
        }
    }

    /// Adds a message to a batch, if it is watched.
    fn push(&self, Delivery { message, kind, position, .. }: &Delivery, batch: &mut UpdateBatch) {
        let bucket = &self.opener.bucket;
        let Some(key) = bucket.key(message.subject()) else { return };
        if self.keys.is_everything() || self.keys.contains(key) {
            if !matches!(kind, UpdateKind::Purge(_)) {
                bucket.known.note_unpurged(position.stream);
            }
            batch.push(*kind, key, message.payload(), VersionToken::from_u64(position.stream));
            if *kind == UpdateKind::Put {
                let said = Said::by(message);
                batch.end_last_at(bucket.known.end_of(said.ttl(), || position.time));
            }
        }
    }

    fn seal(&self, mut batch: UpdateBatch) -> UpdateBatch {
        if let Some(cursor) = self.machine.cursor() {
            batch.set_frontier(cursor);
        }
        batch
    }

    fn log(&self, event: &Event) {
        let store = &self.opener.bucket.name;
        match event {
            Event::Lost(End::Lost(why)) => tracing::debug!(store, why, "a watch lost its consumer"),
            Event::Failed(error) => tracing::debug!(store, %error, "a watch met an error"),
            _ => {}
        }
    }
}

#[async_trait]
impl WatchSource for NatsWatch {
    async fn next_batch(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let mut batch = UpdateBatch::default();
        self.tell(Event::Called, &mut batch);
        loop {
            let event = match self.machine.want(self.intake()) {
                Want::MessageHere => self.message_here().unwrap_or_else(Event::from),
                // What was read is handed out before anything is waited for.
                _ if !batch.is_empty() => return Ok(Some(self.seal(batch))),
                Want::End => {
                    self.source = Source::Nowhere;
                    return self.machine.end().map(|()| None);
                }
                want => self.wait(want).await.unwrap_or_else(Event::from),
            };
            let is_complete = self.tell(event, &mut batch);
            if is_complete || batch.len() >= limit.items || batch.bytes() >= limit.bytes {
                return Ok(Some(self.seal(batch)));
            }
        }
    }

    fn gone(&self) -> Option<Gone> {
        Some(self.opener.footprint.gone())
    }
}

fn let_go() -> Stop {
    Stop::End(End::Lost("it was let go"))
}
