//! Many operations, one after another or at once.

use super::operation::Call;
use super::same;
use crate::format::{Increment, Many, Race, WhileOverwriting};
use crate::world::World;
use slipstream::handle::{Failure, Store};
use slipstream::kv::KvError;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;

/// How many of `put_many` and `delete_many` are in flight at once.
const IN_FLIGHT: usize = 64;

/// The key of one of many.
pub fn many_key(prefix: &str, index: usize) -> String {
    format!("{prefix}{index:06}")
}

impl World {
    pub async fn put_many(&self, many: &Many) -> Result<(), String> {
        let value = many.value.as_ref().map(|value| self.names.bytes(value)).transpose()?;
        let value = Arc::new(value);
        self.of_many(many, move |store, key, index| {
            let value = value.clone();
            async move {
                let number = index.to_string().into_bytes();
                store.put(&key, value.as_ref().as_ref().unwrap_or(&number), None).await.map(|_| ())
            }
        })
        .await
    }

    pub async fn delete_many(&self, many: &Many) -> Result<(), String> {
        self.of_many(many, |store, key, _| async move { store.delete(&key).await.map(|_| ()) })
            .await
    }

    /// Runs one call as many tasks at once and counts how they end.
    pub async fn race(&self, race: &Race) -> Result<(), String> {
        let mut tasks = JoinSet::new();
        for task in 0..race.tasks {
            let mut names = self.names.clone();
            names.save("task", task.to_string().as_bytes());
            let call = Call::resolve(self, &race.step, &names)?;
            tasks.spawn(async move { call.run().await.map_err(|trouble| trouble.code) });
        }
        let mut ends = BTreeMap::new();
        for outcome in tasks.join_all().await {
            let end = outcome.err().unwrap_or("ok");
            *ends.entry(end.to_owned()).or_insert(0) += 1;
        }
        same("the count of outcomes", &ends, &race.expect)
    }

    /// Counts a key up with `get` and `update` from several tasks at once (W2).
    pub async fn increment(&self, increment: &Increment) -> Result<(), String> {
        let mut tasks = JoinSet::new();
        for _ in 0..increment.tasks {
            tasks.spawn(count_up(
                self.store("main")?.clone(),
                increment.key.clone(),
                increment.times,
            ));
        }
        tasks.join_all().await.into_iter().collect()
    }

    /// Runs steps while tasks keep writing the same keys.
    pub async fn while_overwriting(&mut self, step: &WhileOverwriting) -> Result<(), String> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for writer in 0..step.writers {
            let (store, stop) = (self.store(&step.store)?.clone(), stop.clone());
            let (prefix, writers, count) = (step.prefix.clone(), step.writers, step.count);
            tasks.spawn(async move {
                for index in (writer..count).step_by(writers).cycle() {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let key = many_key(&prefix, index);
                    store.put(&key, key.as_bytes(), None).await.map_err(|f| f.to_string())?;
                    tokio::task::yield_now().await;
                }
                Ok::<_, String>(())
            });
        }
        let told = self.run(&step.steps).await;
        stop.store(true, Ordering::Relaxed);
        let written: Result<Vec<()>, String> = tasks.join_all().await.into_iter().collect();
        told.and(written.map(|_| ()))
    }

    async fn of_many<F>(
        &self,
        many: &Many,
        call: impl Fn(Store, String, usize) -> F,
    ) -> Result<(), String>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let store = self.store(&many.store)?;
        let mut tasks = JoinSet::new();
        for index in 0..many.count {
            if tasks.len() == IN_FLIGHT {
                joined(tasks.join_next().await)?;
            }
            tasks.spawn(call(store.clone(), many_key(&many.prefix, index), index));
        }
        while !tasks.is_empty() {
            joined(tasks.join_next().await)?;
        }
        Ok(())
    }
}

async fn count_up(store: Store, key: String, times: usize) -> Result<(), String> {
    for _ in 0..times {
        loop {
            let read = store.get(&key).await.map_err(|failure| failure.to_string())?;
            let entry = read.ok_or("the counter is gone")?;
            let text = String::from_utf8(entry.value).map_err(|error| error.to_string())?;
            let count: u64 = text.parse().map_err(|_| format!("{text:?} is not a count"))?;
            let next = (count + 1).to_string();
            match store.update(&key, next.as_bytes(), &entry.version, None).await {
                Ok(_) => break,
                Err(failure) if failure.error == KvError::RevisionMismatch => {}
                Err(failure) => return Err(failure.to_string()),
            }
        }
    }
    Ok(())
}

fn joined(
    outcome: Option<Result<Result<(), Failure>, tokio::task::JoinError>>,
) -> Result<(), String> {
    match outcome {
        Some(Ok(written)) => written.map_err(|failure| failure.to_string()),
        Some(Err(error)) => Err(error.to_string()),
        None => Ok(()),
    }
}
