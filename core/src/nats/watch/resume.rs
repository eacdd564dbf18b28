use super::gaps::Gaps;
use super::reader::Reader;
use crate::kv::KvError;
use crate::nats::jetstream::api::{MessageRequest, Refusal, StreamInfo};
use crate::nats::jetstream::bucket::{self, Bucket};
use crate::nats::jetstream::consumer::{Start, Wanted};
use crate::nats::transport::link::ASK_AGAIN;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// What a watch needs to begin, or to go on where it was.
pub(in crate::nats) struct Resume {
    pub(in crate::nats) bucket: Arc<Bucket>,
    /// The reader it goes on for, which is deleted first: there may be room for no other.
    pub(in crate::nats) replaces: Option<Box<Reader>>,
    pub(in crate::nats) start: Start,
    /// The store it belongs to, where that is known.
    pub(in crate::nats) incarnation: Option<u64>,
    pub(in crate::nats) filters: Arc<[String]>,
    pub(in crate::nats) purpose: Purpose,
}

/// What a watch is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) enum Purpose {
    /// For every change.
    Changes,
    /// For its first state only, as fast as it comes: with or without values, and from a consumer
    /// that may push or not. What is removed meanwhile is not of that state.
    State { keys_only: bool, pushed: bool },
}

/// A reader, and the store as it was before that was made.
pub(in crate::nats) struct Opened {
    pub(in crate::nats) reader: Reader,
    pub(in crate::nats) incarnation: u64,
    pub(in crate::nats) tip: u64,
    /// Where gaps between its messages are to be looked into.
    pub(in crate::nats) gaps: Option<Gaps>,
}

/// How long a lost consumer may take to be deleted. Its server may be gone with it.
const DELETION: Duration = Duration::from_secs(1);

impl Resume {
    /// Makes the reader, if what comes after the position can still be told in full (S5).
    pub(in crate::nats) async fn open(self) -> Result<Opened, KvError> {
        let asked = Instant::now();
        // Over the lane, if there can be one: a consumer stays where it was made.
        let (info, ()) = tokio::join!(leaders_info(&self.bucket), self.bucket.link.lane_opened());
        let info = info?;
        if let Start::After(version) = self.start {
            check(&info, version, self.incarnation)?;
        }
        if let Some(lost) = self.replaces {
            let _ = timeout(DELETION, lost.delete()).await;
        }
        // Comparing no subjects spares the server a part of each message.
        let is_whole = *self.filters == [self.bucket.subject(">")];
        let is_all = is_whole && info.is_all_last();
        let (keys_only, pushed, gaps) = match (self.purpose, self.start) {
            (Purpose::State { keys_only, pushed }, _) => (keys_only, pushed, None),
            (Purpose::Changes, start) => {
                let frontier = match start {
                    Start::State => 0,
                    Start::After(version) => version,
                };
                let largest = self.bucket.link.max_payload();
                (false, false, Gaps::of(&info, asked, frontier, is_whole, largest))
            }
        };
        let wanted = Wanted {
            start: self.start,
            filters: if is_all { &[] } else { &self.filters },
            headers_only: keys_only,
            pushed,
        };
        let reader = Reader::open(self.bucket, self.filters.clone(), wanted, &info).await?;
        Ok(Opened { reader, incarnation: info.incarnation(), tip: info.state.last_seq, gaps })
    }
}

/// Before asking again who leads a store.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Refuses a position whose later changes can no longer be told: of another store, ahead of this
/// one, or overtaken by what the store has removed.
pub(in crate::nats) fn check(
    info: &StreamInfo,
    version: u64,
    incarnation: Option<u64>,
) -> Result<(), KvError> {
    let overtaken = info.state.first_seq > version.saturating_add(1) && info.may_have_evicted();
    if overtaken { Err(KvError::CursorExpired) } else { check_place(info, version, incarnation) }
}

/// Refuses a position of another store, or ahead of this one.
pub(in crate::nats) fn check_place(
    info: &StreamInfo,
    version: u64,
    incarnation: Option<u64>,
) -> Result<(), KvError> {
    let foreign = incarnation.is_some_and(|it| it != info.incarnation());
    let ahead = version > info.state.last_seq;
    if foreign || ahead { Err(KvError::CursorExpired) } else { Ok(()) }
}

/// The first watched message after a version, as the leader has it.
pub(in crate::nats) async fn next_at_leader(
    bucket: &Bucket,
    filters: &[String],
    after: u64,
) -> Result<Option<u64>, KvError> {
    let mut first = None;
    for filter in filters {
        let request = MessageRequest {
            seq: Some(after + 1),
            next_by_subj: Some(filter),
            ..MessageRequest::default()
        };
        if let Some(message) = bucket.stored(&request).await?.map_err(refused)? {
            first = Some(first.map_or(message.seq, |first: u64| first.min(message.seq)));
        }
    }
    Ok(first)
}

/// What the leader says of the stream. Without one there is nobody to say how far it got.
pub(in crate::nats) async fn leaders_info(bucket: &Bucket) -> Result<StreamInfo, KvError> {
    let mut pause = ASK_AGAIN;
    loop {
        match bucket::info(&bucket.link, &bucket.stream).await? {
            Ok(info) if info.is_authoritative() => return Ok(info),
            Ok(_) => {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(refusal) => return Err(refused(refusal)),
        }
    }
}

/// What a refusal means to a watch.
pub(in crate::nats) fn refused(refusal: Refusal) -> KvError {
    match refusal.err_code {
        Refusal::STREAM_NOT_FOUND => {
            KvError::WatchError("the store was deleted on the server".into())
        }
        _ => refusal.into(),
    }
}
