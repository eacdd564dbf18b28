//! How a watch reads its stream: what a consumer delivers over the lane, or message by message
//! where there is none.

use super::stop::Stop;
use super::walk::Walk;
use crate::kv::KvError;
use crate::nats::jetstream::api::StreamInfo;
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::consumer::{Consumer, Delivery, Seen, Wanted};
use crate::nats::jetstream::end::End;
use std::sync::Arc;

/// What a watch reads.
pub(in crate::nats) enum Reader {
    Consumer(Consumer),
    Walk(Walk),
}

impl Reader {
    /// A reader of what these filters let through, of a stream that is as `info` says.
    pub(in crate::nats) async fn open(
        bucket: Arc<Bucket>,
        filters: Arc<[String]>,
        wanted: Wanted<'_>,
        info: &StreamInfo,
    ) -> Result<Self, KvError> {
        if bucket.router().has_lane() {
            return Consumer::make(bucket, wanted).await.map(Self::Consumer);
        }
        Walk::start(bucket, filters, wanted.start, wanted.footprint, info).await.map(Self::Walk)
    }

    /// Messages that were there and not yet handed out, as of the last thing the server said.
    pub(in crate::nats) fn pending(&self) -> u64 {
        match self {
            Self::Consumer(consumer) => consumer.pending(),
            Self::Walk(walk) => walk.pending(),
        }
    }

    /// The reader's own number of the last message that has come.
    pub(in crate::nats) fn delivered(&self) -> u64 {
        match self {
            Self::Consumer(consumer) => consumer.delivered(),
            Self::Walk(walk) => walk.delivered(),
        }
    }

    /// What the server says of it; an end if the server has it no more.
    pub(in crate::nats) async fn seen(&self) -> Result<Result<Seen, End>, KvError> {
        match self {
            Self::Consumer(consumer) => consumer.seen().await,
            Self::Walk(walk) => Ok(Ok(walk.seen())),
        }
    }

    /// Waits for the next message. Dropping the future loses none.
    pub(in crate::nats) async fn next(&mut self) -> Result<Delivery, Stop> {
        match self {
            Self::Consumer(consumer) => Ok(consumer.next().await?),
            Self::Walk(walk) => walk.next().await,
        }
    }

    /// The next message, if it is here already.
    pub(in crate::nats) fn try_next(&mut self) -> Result<Option<Delivery>, End> {
        match self {
            Self::Consumer(consumer) => consumer.try_next(),
            Self::Walk(walk) => Ok(walk.try_next()),
        }
    }

    /// Takes in whatever is here.
    pub(in crate::nats) fn take_in(&mut self) -> Result<(), End> {
        match self {
            Self::Consumer(consumer) => consumer.take_in(),
            Self::Walk(_) => Ok(()),
        }
    }

    /// Whether the server may be without a request now, so that something may come and go.
    pub(in crate::nats) fn may_lull(&self) -> bool {
        match self {
            Self::Consumer(consumer) => consumer.may_lull(),
            Self::Walk(walk) => walk.may_lull(),
        }
    }

    /// Notes that the server has so many requests, and that nothing was removed before it had them.
    pub(in crate::nats) fn has(&mut self, waiting: u64) {
        match self {
            Self::Consumer(consumer) => consumer.has(waiting),
            Self::Walk(walk) => walk.has(waiting),
        }
    }

    /// Lets go of what the server keeps for it, and waits until that is done.
    pub(in crate::nats) async fn delete(self) {
        match self {
            Self::Consumer(consumer) => consumer.delete().await,
            Self::Walk(walk) => walk.delete().await,
        }
    }
}
