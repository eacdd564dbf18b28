//! The opening of a watch's consumer, which outlives the watch only to remove that consumer.

use super::event::{Opened, Plan};
use super::gaps::Gaps;
use super::leader::{check, leaders_info};
use super::reader::Reader;
use crate::kv::{Footprint, KvError};
use crate::lifecycle::lease::Own;
use crate::nats::jetstream::api::StreamInfo;
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::consumer::{Start, Wanted};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// A consumer that is being made, in a task: a request that was sent cannot be called back, so its
/// consumer has to be removed, also where nobody waits for it any longer. Dropping this ends the
/// task as soon as it leaves nothing on the server.
pub(super) struct Opening {
    outcome: Own<oneshot::Receiver<Result<Made, KvError>>>,
}

/// What a watch reads by, and what is known of it.
pub(super) struct Made {
    pub(super) reader: Reader,
    pub(super) opened: Opened,
}

/// What a watch is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// For every change.
    Changes,
    /// For its first state only, as fast as it comes: with or without values, and from a consumer
    /// that may push or not. What is removed meanwhile is not of that state.
    State { keys_only: bool, pushed: bool },
}

/// Makes consumers of one watch.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) bucket: Arc<Bucket>,
    pub(super) filters: Arc<[String]>,
    pub(super) purpose: Purpose,
    /// The watch, as far as it is on the server or in tasks.
    pub(super) footprint: Footprint,
}

/// How long a lost consumer may take to be deleted. Its server may be gone with it.
const DELETION: Duration = Duration::from_secs(1);
/// How long a consumer of which nobody knows any longer may take to be made, and so be removed.
const ABANDONED: Duration = Duration::from_secs(5);

impl Opening {
    /// Starts to make a consumer in place of the one that was lost, if there was one.
    pub(super) fn start(opener: &Opener, plan: Plan, lost: Option<Box<Reader>>) -> Self {
        let (told, outcome) = oneshot::channel();
        let (bucket, opener) = (opener.bucket.clone(), opener.clone());
        let opening = async move {
            let bucket = opener.bucket.clone();
            let prepare = prepare(&bucket, plan);
            open(told, prepare, |(info, asked)| opener.make(plan, lost, info, asked)).await;
        };
        if let Ok(runtime) = bucket.connection.runtime() {
            runtime.spawn(opening);
        }
        Self { outcome: Own::new(outcome) }
    }

    /// Waits for the consumer. Dropping the future loses nothing.
    pub(super) async fn outcome(&mut self) -> Result<Made, KvError> {
        let stopped = || KvError::WatchError("the watch stopped while it was opened".into());
        self.outcome.get_mut()?.await.unwrap_or_else(|_| Err(stopped()))
    }
}

/// Tells what is made, after what has to be known before. If nobody waits any longer the first part
/// is given up, and the second part is waited for, so that what it makes is dropped.
async fn open<P, T, F: Future<Output = Result<T, KvError>>>(
    mut told: oneshot::Sender<Result<T, KvError>>,
    prepare: impl Future<Output = Result<P, KvError>>,
    make: impl FnOnce(P) -> F,
) {
    let prepared = tokio::select! {
        biased;
        () = told.closed() => return,
        prepared = prepare => prepared,
    };
    let made = match prepared {
        Err(error) => Err(error),
        Ok(prepared) => {
            let mut making = std::pin::pin!(make(prepared));
            tokio::select! {
                biased;
                made = &mut making => made,
                () = told.closed() => {
                    let _ = timeout(ABANDONED, making).await;
                    return;
                }
            }
        }
    };
    // What nobody is told is dropped, and so removed from the server.
    let _ = told.send(made);
}

/// Asks what has to be known before a consumer is made, and when that was asked. Refuses a position
/// after which not everything can be told any more (S5).
async fn prepare(bucket: &Bucket, plan: Plan) -> Result<(StreamInfo, Instant), KvError> {
    let asked = Instant::now();
    // Over the lane, if there can be one: a consumer stays where it was made.
    let (info, ()) = tokio::join!(leaders_info(bucket), bucket.router().lane_opened());
    let info = info?;
    if let Start::After(version) = plan.start {
        check(&info, version, plan.incarnation)?;
    }
    Ok((info, asked))
}

impl Opener {
    /// Makes the consumer. The lost one is deleted first: there may be room for no other.
    async fn make(
        self,
        plan: Plan,
        lost: Option<Box<Reader>>,
        info: StreamInfo,
        asked: Instant,
    ) -> Result<Made, KvError> {
        if let Some(lost) = lost {
            let _ = timeout(DELETION, lost.delete()).await;
        }
        let Self { bucket, filters, purpose, footprint } = self;
        // Comparing no subjects spares the server a part of each message.
        let is_whole = *filters == [bucket.subject(">")];
        let is_all = is_whole && info.is_all_last();
        let (keys_only, pushed, gaps) = match (purpose, plan.start) {
            (Purpose::State { keys_only, pushed }, _) => (keys_only, pushed, None),
            (Purpose::Changes, start) => {
                let frontier = match start {
                    Start::State => 0,
                    Start::After(version) => version,
                };
                let largest = bucket.router().max_payload();
                (false, false, Gaps::of(&info, asked, frontier, is_whole, largest))
            }
        };
        let wanted = Wanted {
            start: plan.start,
            filters: if is_all { &[] } else { &filters },
            headers_only: keys_only,
            pushed,
            footprint,
        };
        let made = Instant::now();
        let reader = Reader::open(bucket, filters.clone(), wanted, &info).await?;
        let (incarnation, tip) = (info.incarnation(), info.state.last_seq);
        Ok(Made { reader, opened: Opened { made, incarnation, tip, gaps } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use tokio::task::yield_now;

    /// Says that it was dropped, as a consumer does that removes itself from the server.
    struct Kept(Arc<AtomicBool>);

    impl Drop for Kept {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }

    #[tokio::test]
    async fn s9_an_opening_that_is_abandoned_asks_nothing_more() {
        let (told, outcome) = oneshot::channel::<Result<(), KvError>>();
        let is_dropped = Arc::new(AtomicBool::new(false));
        let kept = Kept(is_dropped.clone());
        let prepare = async move {
            let _kept = kept;
            pending().await
        };
        let task = tokio::spawn(open(told, prepare, |()| async { Ok(()) }));
        yield_now().await;
        assert!(!task.is_finished() && !is_dropped.load(SeqCst));
        drop(outcome);
        task.await.unwrap();
        assert!(is_dropped.load(SeqCst));
    }

    #[tokio::test]
    async fn s9_a_consumer_that_is_made_for_nobody_is_removed() {
        let (told, outcome) = oneshot::channel();
        let is_dropped = Arc::new(AtomicBool::new(false));
        let (kept, (answer, answered)) = (Kept(is_dropped.clone()), oneshot::channel::<()>());
        let make = async move |()| {
            answered.await.unwrap();
            Ok(kept)
        };
        let task = tokio::spawn(open(told, async { Ok(()) }, make));
        yield_now().await;
        drop(outcome);
        yield_now().await;
        // The server may have heard the request.
        assert!(!task.is_finished() && !is_dropped.load(SeqCst));
        answer.send(()).unwrap();
        task.await.unwrap();
        assert!(is_dropped.load(SeqCst));
    }
}
