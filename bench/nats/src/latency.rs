//! The row of how long an update takes to another process.

use crate::ours::Ours;
use crate::wire::Wire;
use crate::{Result, data, peer};
use futures_util::StreamExt;
use measure::{Measured, cpu, now, report};
use slipstream::WatchCursor;
use slipstream::kv::BatchLimit;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const UPDATES: usize = 300;
/// Puts beyond those: async-nats may not yet be subscribed when it says that it watches.
const SPARE: usize = 20;
const KEY: &str = "latency.key";
/// Between two updates, for both processes to have gone to sleep.
const PAUSE: Duration = Duration::from_millis(2);
/// No update takes so long; a watcher that waited for one ends.
const PATIENCE: Duration = Duration::from_secs(60);
const THERE: &str = "bench.there";
const BACK: &str = "bench.back";
const ID: u32 = 1;

/// From before a put in this process until the update is in the hands of another process that
/// watches, against a message there and back again on bare sockets.
pub async fn run(row: &str, rounds: usize) -> Result<()> {
    let ours = Ours::open(data::BUCKET).await?;
    let peer = peer::open(data::BUCKET).await?;
    let mut wire = Wire::connect()?;
    wire.subscribe(BACK, ID);
    for round in 0..rounds {
        let mut watcher = Watcher::start("slipstream")?;
        for _ in 0..UPDATES + SPARE {
            ours.store.put(KEY, &stamp(), None).await?;
            sleep(PAUSE);
        }
        report(row, "slipstream", round, &watcher.measured()?);

        let mut watcher = Watcher::start("async-nats")?;
        for _ in 0..UPDATES + SPARE {
            peer.put(KEY, stamp().to_vec().into()).await?;
            sleep(PAUSE);
        }
        report(row, "async-nats kv", round, &watcher.measured()?);

        let mut watcher = Watcher::start("echo")?;
        let mut times = Vec::new();
        for _ in 0..UPDATES {
            wire.publish([THERE, ""], "", &stamp());
            times.push(since(wire.next()?.payload)?);
            sleep(PAUSE);
        }
        let there = watcher.measured()?;
        let and_back = Measured { seconds: middle(times), ..there };
        report(row, "raw socket, there and back", round, &and_back);
        report(row, "raw socket, there", round, &there);
    }
    ours.close().await
}

/// The other process: prints `ready`, then the median of the times and its processor time an
/// update.
pub async fn watch(who: &str) -> Result<()> {
    let watching = async {
        match who {
            "slipstream" => watch_ours().await,
            "async-nats" => watch_peer().await,
            _ => echo(),
        }
    };
    let (times, cpu) = tokio::time::timeout(PATIENCE, watching).await??;
    println!("{} {}", middle(times), cpu / UPDATES as f64);
    Ok(())
}

async fn watch_ours() -> Result<(Vec<f64>, f64)> {
    let ours = Ours::open(data::BUCKET).await?;
    let watch = ours.store.watch(&[KEY], &WatchCursor::none())?;
    watch.synced().await?;
    let ready = ready();
    let mut times = Vec::new();
    while times.len() < UPDATES {
        let batch = watch.next_batch(BatchLimit::default()).await?.ok_or("the watch ended")?;
        for update in batch.iter() {
            // The state that was there before is of the round before.
            if sent(update.value)? > ready.at {
                times.push(since(update.value)?);
            }
        }
    }
    Ok((times, cpu() - ready.cpu))
}

async fn watch_peer() -> Result<(Vec<f64>, f64)> {
    let mut watch = peer::open(data::BUCKET).await?.watch(KEY).await?;
    let ready = ready();
    let mut times = Vec::new();
    while times.len() < UPDATES {
        let entry = watch.next().await.ok_or("the watch ended")??;
        times.push(since(&entry.value)?);
    }
    Ok((times, cpu() - ready.cpu))
}

fn echo() -> Result<(Vec<f64>, f64)> {
    let mut wire = Wire::connect()?;
    wire.subscribe(THERE, ID);
    // An answer says that the server has the subscription.
    wire.request("$JS.API.INFO", b"", ID + 1)?;
    let ready = ready();
    let mut times = Vec::new();
    while times.len() < UPDATES {
        let message = wire.next()?.payload.to_vec();
        wire.publish([BACK, ""], "", &message);
        wire.flush()?;
        times.push(since(&message)?);
    }
    Ok((times, cpu() - ready.cpu))
}

struct Ready {
    at: Duration,
    cpu: f64,
}

fn ready() -> Ready {
    let ready = Ready { at: now(), cpu: cpu() };
    println!("ready");
    ready
}

/// The process that watches.
struct Watcher {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watcher {
    fn start(who: &str) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["watch", who])
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("a watcher without its output")?;
        let mut lines = BufReader::new(output).lines();
        lines.next().ok_or("the watcher ended")??;
        Ok(Self { process, lines })
    }

    /// What it says after the last update, as one operation: a time in the middle of all.
    fn measured(&mut self) -> Result<Measured> {
        let line = self.lines.next().ok_or("the watcher ended")??;
        self.process.wait()?;
        let (seconds, cpu) = line.split_once(' ').ok_or("not two figures")?;
        Ok(Measured { operations: 1, seconds: seconds.parse()?, cpu: cpu.parse()? })
    }
}

fn stamp() -> [u8; 16] {
    now().as_nanos().to_be_bytes()
}

fn sent(stamp: &[u8]) -> Result<Duration> {
    let nanoseconds = u128::from_be_bytes(stamp.try_into()?);
    Ok(Duration::from_nanos(nanoseconds.try_into()?))
}

/// Seconds since the message was sent.
fn since(stamp: &[u8]) -> Result<f64> {
    Ok((now() - sent(stamp)?).as_secs_f64())
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
