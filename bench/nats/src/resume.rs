//! The row of resumed watches.

use crate::ours::Ours;
use crate::wire::Wire;
use crate::{Result, bucket, data, peer};
use async_nats::jetstream::kv;
use futures_util::StreamExt;
use measure::{Clock, report};
use slipstream::WatchCursor;
use slipstream::handle::Store;
use slipstream::kv::BatchLimit;

/// Updates that a resumed watch is given.
const UPDATES: usize = 25_000;
const DENSE: &str = "dense";
const GAPS: &str = "gaps";

/// A watch resumed at the end of the hundred thousand keys, up to the last of the updates that came
/// after: each written once, or each written twice, so that every other entry is gone.
pub async fn run(row: &str, rounds: usize) -> Result<()> {
    let mut wire = Wire::connect()?;
    let dense = prepare(&mut wire, DENSE, (0..UPDATES).map(data::key))?;
    let gaps = prepare(&mut wire, GAPS, superseded().map(data::key))?;
    let (ours, peer) = (Ours::open(DENSE).await?, peer::open(DENSE).await?);
    let (ours_gaps, peer_gaps) = (Ours::open(GAPS).await?, peer::open(GAPS).await?);
    for round in 0..rounds {
        let clock = Clock::start();
        resume(&ours_gaps.store, gaps).await?;
        report(row, "slipstream, half superseded", round, &clock.stop(UPDATES as u64));

        let clock = Clock::start();
        resume(&ours.store, dense).await?;
        report(row, "slipstream, dense", round, &clock.stop(UPDATES as u64));

        let clock = Clock::start();
        resume_peer(&peer_gaps, gaps).await?;
        report(row, "async-nats kv, half superseded", round, &clock.stop(UPDATES as u64));

        let clock = Clock::start();
        resume_peer(&peer, dense).await?;
        report(row, "async-nats kv, dense", round, &clock.stop(UPDATES as u64));
    }
    ours.close().await?;
    ours_gaps.close().await
}

/// Each number twice, its second turn after the first one of the next, so that the entries that
/// stay and those that go alternate.
fn superseded() -> impl Iterator<Item = usize> {
    (0..UPDATES).flat_map(|number| {
        let next = (number + 1 < UPDATES).then_some(number + 1);
        let first = (number == 0).then_some(0);
        first.into_iter().chain(next).chain([number])
    })
}

/// Makes a bucket with all keys and then the updates. Returns the revision between the two.
fn prepare(wire: &mut Wire, name: &str, updates: impl Iterator<Item = String>) -> Result<u64> {
    bucket::create(wire, name)?;
    let revision = bucket::fill(wire, name, (0..data::KEYS).map(data::key))?;
    bucket::fill(wire, name, updates)?;
    Ok(revision)
}

async fn resume(store: &Store, revision: u64) -> Result<()> {
    let watch = store.watch(&[""], &WatchCursor::from_u64(revision).enveloped())?;
    let mut left = UPDATES;
    while left > 0 {
        let batch = watch.next_batch(BatchLimit::default()).await?.ok_or("the watch ended")?;
        left = left.checked_sub(batch.len()).ok_or("more updates than were written")?;
    }
    Ok(watch.close().await?)
}

async fn resume_peer(store: &kv::Store, revision: u64) -> Result<()> {
    let watch = store.watch_all_from_revision(revision + 1).await?;
    let updates = watch.take(UPDATES);
    futures_util::pin_mut!(updates);
    while let Some(update) = updates.next().await {
        update?;
    }
    Ok(())
}
