//! Durable puts through the handles of slipstream.

use measure::{Clock, Measured, VALUE};
use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Failure, Session, Store, connect};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Puts through the handles, as every language makes them.
pub struct Puts {
    session: Session,
    store: Store,
    next: Arc<AtomicU64>,
}

impl Puts {
    pub async fn open(path: &Path) -> Result<Self, Failure> {
        let url = format!("file:{}", path.display());
        let session = connect(&url, ConnectOptions::default()).await?;
        let config = StoreConfig { name: "bench".into(), ..StoreConfig::default() };
        let store = session.store(config).await?;
        Ok(Self { session, store, next: Arc::default() })
    }

    pub async fn run(&self, in_flight: usize, time: Duration) -> Result<Measured, Failure> {
        let clock = Arc::new(Clock::start());
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| {
                let (store, next, clock) = (self.store.clone(), self.next.clone(), clock.clone());
                tokio::spawn(async move {
                    let mut operations = 0;
                    while clock.elapsed() < time {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        store.put(&format!("ours.{number:08}"), &VALUE, None).await?;
                        operations += 1;
                    }
                    Ok::<u64, Failure>(operations)
                })
            })
            .collect();
        let mut operations = 0;
        for task in tasks {
            operations += task.await.expect("a put does not panic")?;
        }
        Ok(clock.stop(operations))
    }

    pub async fn close(&self) -> Result<(), Failure> {
        self.session.close().await
    }
}
