//! The rows of scans.

use crate::ours::Ours;
use crate::wire::Wire;
use crate::{Result, data, floor, peer};
use measure::{Clock, report};

const GROUP_SCANS: usize = 50;

/// Everything in the bucket, in one scan a round.
pub async fn all(row: &str, rounds: usize) -> Result<()> {
    let ours = Ours::open(data::BUCKET).await?;
    let peer = peer::open(data::BUCKET).await?;
    let mut wire = Wire::connect()?;
    for round in 0..rounds {
        let clock = Clock::start();
        let entries = ours.store.scan("").await?;
        complete(entries.len(), data::KEYS)?;
        report(row, "slipstream", round, &clock.stop(data::KEYS as u64));
        drop(entries);

        let clock = Clock::start();
        let entries = peer::collect(peer.watch_with_history(">").await?).await?;
        complete(entries.len(), data::KEYS)?;
        report(row, "async-nats kv, its watch collected", round, &clock.stop(data::KEYS as u64));
        drop(entries);

        let clock = Clock::start();
        complete(floor::scan(&mut wire, data::BUCKET, "")?, data::KEYS)?;
        report(row, "raw socket, messages counted", round, &clock.stop(data::KEYS as u64));
    }
    ours.close().await
}

/// One of many small groups of keys, a scan each.
pub async fn groups(row: &str, rounds: usize) -> Result<()> {
    let ours = Ours::open(data::BUCKET).await?;
    let peer = peer::open(data::BUCKET).await?;
    let mut wire = Wire::connect()?;
    for round in 0..rounds {
        let groups = data::sample(GROUP_SCANS, data::KEYS / data::GROUP, round);
        let groups: Vec<_> = groups.map(data::group).collect();

        let clock = Clock::start();
        for group in &groups {
            complete(ours.store.scan(group).await?.len(), data::GROUP)?;
        }
        report(row, "slipstream", round, &clock.stop(GROUP_SCANS as u64));

        let clock = Clock::start();
        for group in &groups {
            let watch = peer.watch_with_history(format!("{group}>")).await?;
            complete(peer::collect(watch).await?.len(), data::GROUP)?;
        }
        report(row, "async-nats kv, a watch a scan", round, &clock.stop(GROUP_SCANS as u64));

        let clock = Clock::start();
        for group in &groups {
            complete(floor::scan(&mut wire, data::BUCKET, group)?, data::GROUP)?;
        }
        report(row, "raw socket, a consumer a scan", round, &clock.stop(GROUP_SCANS as u64));
    }
    ours.close().await
}

fn complete(count: usize, expected: usize) -> Result<()> {
    if count == expected { Ok(()) } else { Err(format!("{count} entries of {expected}").into()) }
}
