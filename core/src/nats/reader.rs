//! How a watch reads its stream: what a consumer delivers over the lane, or message by message
//! where there is none.

use super::api::StreamInfo;
use super::bucket::Bucket;
use super::consumer::{Consumer, Delivery, End, Wanted};
use super::walk::Walk;
use super::watch::Stop;
use crate::kv::KvError;
use std::sync::Arc;

/// What a watch reads.
pub(super) enum Reader {
    Consumer(Consumer),
    Walk(Walk),
}

impl Reader {
    /// A reader of what these filters let through, of a stream that is as `info` says.
    pub(super) async fn open(
        bucket: Arc<Bucket>,
        filters: Arc<[String]>,
        wanted: Wanted<'_>,
        info: &StreamInfo,
    ) -> Result<Self, KvError> {
        if bucket.link.has_lane() {
            return Consumer::make(bucket, wanted).await.map(Self::Consumer);
        }
        Walk::start(bucket, filters, wanted.start, info).await.map(Self::Walk)
    }

    /// Messages that were there and not yet handed out, as of the last thing the server said.
    pub(super) fn pending(&self) -> u64 {
        match self {
            Self::Consumer(consumer) => consumer.pending(),
            Self::Walk(walk) => walk.pending(),
        }
    }

    /// Whether everything there is has come, as the server says.
    pub(super) async fn is_read(&self) -> Result<bool, KvError> {
        match self {
            Self::Consumer(consumer) => consumer.is_read().await,
            Self::Walk(walk) => Ok(walk.is_read()),
        }
    }

    /// Waits for the next message. Dropping the future loses none.
    pub(super) async fn next(&mut self) -> Result<Delivery, Stop> {
        match self {
            Self::Consumer(consumer) => Ok(consumer.next().await?),
            Self::Walk(walk) => walk.next().await,
        }
    }

    /// The next message, if it is here already.
    pub(super) fn try_next(&mut self) -> Result<Option<Delivery>, End> {
        match self {
            Self::Consumer(consumer) => consumer.try_next(),
            Self::Walk(walk) => Ok(walk.try_next()),
        }
    }

    /// Asks the server for messages, if it has not been asked for enough.
    pub(super) fn ask_for_more(&mut self) -> Result<(), End> {
        match self {
            Self::Consumer(consumer) => consumer.ask_for_more(),
            Self::Walk(_) => Ok(()),
        }
    }

    /// Whether there was a time since [`feed`](Self::feed) when something may have come and gone.
    pub(super) fn was_starved(&mut self) -> bool {
        match self {
            Self::Consumer(consumer) => consumer.flow().was_starved(),
            Self::Walk(walk) => walk.was_starved(),
        }
    }

    /// Forgets that there was.
    pub(super) fn feed(&mut self) {
        match self {
            Self::Consumer(consumer) => consumer.flow().feed(),
            Self::Walk(walk) => walk.feed(),
        }
    }

    /// Lets go of what the server keeps for it, and waits until that is done.
    pub(super) async fn delete(self) {
        match self {
            Self::Consumer(consumer) => consumer.delete().await,
            Self::Walk(walk) => walk.delete().await,
        }
    }
}
