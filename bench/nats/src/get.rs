//! The rows of gets.

use crate::ours::Ours;
use crate::wire::Wire;
use crate::{Result, calls, data, peer};
use measure::{Clock, VALUE, report};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const GETS: usize = 100_000;

/// Gets of keys in no order, `in_flight` of them at any time.
pub async fn run(row: &str, in_flight: usize, rounds: usize) -> Result<()> {
    let ours = Ours::open(data::BUCKET).await?;
    let peer = Arc::new(peer::open(data::BUCKET).await?);
    let mut wire = Wire::connect()?;
    for round in 0..rounds {
        let keys = data::sample(GETS, data::KEYS, round).map(data::key).collect::<Vec<_>>();
        let keys: Arc<[String]> = keys.into();

        let (store, names) = (ours.store.clone(), keys.clone());
        let clock = Clock::start();
        in_turn(in_flight, move |turn| {
            let (store, names) = (store.clone(), names.clone());
            async move {
                let entry = store.get(&names[turn]).await?;
                value(entry.map(|entry| entry.value.len()))
            }
        })
        .await?;
        report(row, "slipstream", round, &clock.stop(GETS as u64));

        let (store, names) = (peer.clone(), keys.clone());
        let clock = Clock::start();
        in_turn(in_flight, move |turn| {
            let (store, names) = (store.clone(), names.clone());
            async move { value(store.get(&names[turn]).await?.map(|value| value.len())) }
        })
        .await?;
        report(row, "async-nats kv", round, &clock.stop(GETS as u64));

        calls::gets(&mut wire, row, round, &keys, in_flight)?;
    }
    ours.close().await
}

/// Runs `GETS` turns in so many tasks, each of which takes the next turn when it is done with one.
async fn in_turn<F, T>(in_flight: usize, get: F) -> Result<()>
where
    F: Fn(usize) -> T + Clone + Send + 'static,
    T: Future<Output = Result<()>> + Send + 'static,
{
    let next = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let (next, get) = (next.clone(), get.clone());
            tokio::spawn(async move {
                loop {
                    match next.fetch_add(1, Ordering::Relaxed) {
                        turn if turn < GETS => get(turn).await?,
                        _ => return Result::Ok(()),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

fn value(length: Option<usize>) -> Result<()> {
    if length == Some(VALUE.len()) { Ok(()) } else { Err("a get without its value".into()) }
}
