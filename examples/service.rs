//! A service of which any number of instances run and one is active, on a server that may restart.
//!
//! The active instance holds a lease. It handles jobs and keeps how far it is in the store itself,
//! so that another one goes on there when it dies: a job may be handled twice then, and none is
//! lost. Start several, in any language, and write keys like `job.1`:
//! `cargo run -p slipstream --example service NAME URL`

use slipstream::handle::{ConnectOptions, Failure, Store, Watch, connect};
use slipstream::kv::{BatchLimit, UpdateKind};
use slipstream::{KvError, StoreConfig, WatchCursor};
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const LEASE: &str = "lease";
const PROGRESS: &str = "progress";
const JOBS: &str = "job.";
const LEASE_FOR: Option<Duration> = Some(Duration::from_secs(5));
/// A renewal is two calls. It must be known to have failed before the lease has ended.
const RENEW: Duration = Duration::from_secs(1);
const CALL: Duration = Duration::from_millis(1500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(url)) = (arguments.next(), arguments.next()) else {
        return Err("usage: service NAME URL".into());
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let me = format!("{name} {} {since}", std::process::id()).into_bytes();
    let options = ConnectOptions { timeout: CALL, ..ConnectOptions::default() };
    let session = connect(&url, options).await?;
    let config = StoreConfig { name: "service".into(), ..StoreConfig::default() };
    let store = session.store(config).await?;
    loop {
        match turn(&store, &name, &me).await {
            Ok(()) => {}
            Err(failure) if failure.error.retryable() => println!("{name} tries again: {failure}"),
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// Waits for the lease, and works for as long as it is ours.
async fn turn(store: &Store, name: &str, me: &[u8]) -> Result<(), Failure> {
    acquire(store, me).await?;
    println!("{name} is active");
    tokio::select! {
        kept = keep(store, name, me) => kept,
        worked = work(store, name) => worked,
    }
}

/// Waits until nobody has the lease, and takes it.
async fn acquire(store: &Store, me: &[u8]) -> Result<(), Failure> {
    // Opened before the first attempt, so that no release is missed in between.
    let watch = store.watch(&[LEASE], &WatchCursor::none())?;
    loop {
        match store.create(LEASE, me, LEASE_FOR).await {
            Ok(_) => return Ok(()),
            Err(failure) if failure.error == KvError::AlreadyExists => {}
            Err(failure) => return Err(failure),
        }
        // It may be ours: the answer to a write can be lost.
        if renew(store, me).await? {
            return Ok(());
        }
        released(&watch).await?;
    }
}

async fn released(watch: &Watch) -> Result<(), Failure> {
    while let Some(batch) = watch.next_batch(BatchLimit::default()).await? {
        // A holder that died shows as a purge, when its lease ends.
        if batch.iter().any(|update| update.key == LEASE && update.kind != UpdateKind::Put) {
            break;
        }
    }
    Ok(())
}

/// Lets the lease last longer, if it is ours.
async fn renew(store: &Store, me: &[u8]) -> Result<bool, Failure> {
    let Some(held) = store.get(LEASE).await?.filter(|held| held.value == me) else {
        return Ok(false);
    };
    match store.update(LEASE, me, &held.version, LEASE_FOR).await {
        Ok(_) => Ok(true),
        Err(failure) if failure.error == KvError::RevisionMismatch => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Renews the lease until it is lost.
async fn keep(store: &Store, name: &str, me: &[u8]) -> Result<(), Failure> {
    while renew(store, me).await? {
        tokio::time::sleep(RENEW).await;
    }
    println!("{name} has lost the lease");
    Ok(())
}

/// Handles jobs, from where the last active instance stood.
async fn work(store: &Store, name: &str) -> Result<(), Failure> {
    let progress = store.get(PROGRESS).await?;
    let cursor = progress.and_then(|progress| WatchCursor::from_bytes(&progress.value));
    // The watch goes on by itself after a restart of the server.
    let watch = store.watch(&[JOBS], &cursor.unwrap_or_default())?;
    loop {
        let batch = match watch.next_batch(BatchLimit::default()).await {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(()),
            // What came after it can no longer be told, so that all jobs are told again.
            Err(failure) if failure.error == KvError::CursorExpired => {
                return store.delete(PROGRESS).await.map(|_| ());
            }
            Err(failure) => return Err(failure),
        };
        for update in batch.iter().filter(|update| update.kind == UpdateKind::Put) {
            println!("{name} handles {}", update.key);
        }
        store.put(PROGRESS, &watch.cursor().to_bytes(), None).await?;
    }
}
