//! What the leader of a stream says of it, and whether a watch can go on from its position.

use crate::kv::KvError;
use crate::nats::jetstream::api::{MessageRequest, Refusal, StreamInfo};
use crate::nats::jetstream::bucket::{self, Bucket};
use crate::nats::transport::router::ASK_AGAIN;
use futures_util::future::try_join_all;
use std::time::Duration;
use tokio::time::sleep;

/// The longest pause before asking again who leads a stream.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What the leader says of the stream. Without one there is nobody to say how far it got.
pub(super) async fn leaders_info(bucket: &Bucket) -> Result<StreamInfo, KvError> {
    let mut pause = ASK_AGAIN;
    loop {
        match bucket::info(bucket.jetstream(), &bucket.stream).await? {
            Ok(info) if info.is_authoritative() => return Ok(info),
            Ok(_) => {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(refusal) => return Err(refused(refusal)),
        }
    }
}

/// The first watched message after a version, as the leader has it.
pub(super) async fn next_at_leader(
    bucket: &Bucket,
    filters: &[String],
    after: u64,
) -> Result<Option<u64>, KvError> {
    let asks = filters.iter().map(|filter| async move {
        let request = MessageRequest {
            seq: Some(after + 1),
            next_by_subj: Some(filter),
            ..MessageRequest::default()
        };
        let next = bucket.stored(&request).await?.map_err(refused)?;
        Ok::<_, KvError>(next.map(|message| message.seq))
    });
    // All at once: each is a round trip, and there may be as many as there are filters.
    let found = try_join_all(asks).await?;
    Ok(found.into_iter().flatten().min())
}

/// Refuses a position whose later changes can no longer be told: of another store, ahead of this
/// one, or overtaken by what the store has removed.
pub(super) fn check(
    info: &StreamInfo,
    version: u64,
    incarnation: Option<u64>,
) -> Result<(), KvError> {
    let overtaken = info.state.first_seq > version.saturating_add(1) && info.may_have_evicted();
    if overtaken { Err(KvError::CursorExpired) } else { check_place(info, version, incarnation) }
}

/// Refuses a position of another store, or ahead of this one.
pub(super) fn check_place(
    info: &StreamInfo,
    version: u64,
    incarnation: Option<u64>,
) -> Result<(), KvError> {
    let foreign = incarnation.is_some_and(|it| it != info.incarnation());
    let ahead = version > info.state.last_seq;
    if foreign || ahead { Err(KvError::CursorExpired) } else { Ok(()) }
}

/// What a refusal means to a watch.
pub(super) fn refused(refusal: Refusal) -> KvError {
    match refusal.err_code {
        Refusal::STREAM_NOT_FOUND => {
            KvError::WatchError("the store was deleted on the server".into())
        }
        _ => refusal.into(),
    }
}
