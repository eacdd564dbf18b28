//! The store that a backend gives out: each of its operations has a deadline (contract rule L3).

use super::deadline::Deadlines;
use super::lease::Own;
use crate::info::StoreInfo;
use crate::kv::key::KeySet;
use crate::kv::{
    BatchLimit, Gone, KvError, KvFound, KvPurge, KvReader, KvRecord, KvTtl, KvWatcher, KvWriter,
    OpenWatch, ReadStore, UpdateBatch, WatchCursor, WatchSource, Write, WriteStore, Written,
};
use crate::store::KvStore;
use async_trait::async_trait;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A store as a backend makes it, without deadlines.
pub(crate) trait UntimedStore: ReadStore + WriteStore + OpenWatch + Clone + 'static {
    /// The store's name.
    fn name(&self) -> &str;

    /// True if entries can have a time to live.
    fn has_ttl(&self) -> bool;

    /// How much the store holds, and its limits (R7).
    fn info(&self) -> impl Future<Output = Result<StoreInfo, KvError>> + Send;
}

/// A store whose reads and writes end in `Timeout` if they are not done in time.
#[derive(Clone)]
pub(crate) struct Timed<S> {
    store: S,
    deadlines: Deadlines,
}

impl<S: UntimedStore> Timed<S> {
    /// Gives the operations of `store` their deadlines.
    pub(crate) fn new(store: S, deadlines: Deadlines) -> Self {
        Self { store, deadlines }
    }
}

#[async_trait]
impl<S: UntimedStore> KvStore for Timed<S> {
    fn name(&self) -> &str {
        self.store.name()
    }

    fn reader(&self) -> Arc<dyn KvReader> {
        Arc::new(self.clone())
    }

    fn watcher(&self) -> Option<Arc<dyn KvWatcher>> {
        Some(Arc::new(self.clone()))
    }

    fn writer(&self) -> Option<Arc<dyn KvWriter>> {
        Some(Arc::new(self.clone()))
    }

    fn ttl_writer(&self) -> Option<Arc<dyn KvTtl>> {
        self.store.has_ttl().then(|| Arc::new(self.clone()) as Arc<dyn KvTtl>)
    }

    fn purge_writer(&self) -> Option<Arc<dyn KvPurge>> {
        Some(Arc::new(self.clone()))
    }

    async fn info(&self) -> Result<StoreInfo, KvError> {
        self.deadlines.keep(self.store.info()).await
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(self.deadlines.limit())
    }
}

impl<S: UntimedStore> ReadStore for Timed<S> {
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<KvRecord>, KvError>> + Send {
        self.deadlines.keep(self.store.get(key))
    }

    fn get_many(
        &self,
        keys: &[&str],
    ) -> impl Future<Output = Result<Vec<Option<KvRecord>>, KvError>> + Send {
        self.deadlines.keep(self.store.get_many(keys))
    }

    fn keys(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, KvError>> + Send {
        self.deadlines.keep(self.store.keys(prefix))
    }

    fn scan(&self, prefix: &str) -> impl Future<Output = Result<Vec<KvRecord>, KvError>> + Send {
        self.deadlines.keep(self.store.scan(prefix))
    }

    fn entry(&self, key: &str) -> impl Future<Output = Result<Option<KvRecord>, KvError>> + Send {
        self.deadlines.keep(self.store.entry(key))
    }

    fn get_now(&self, key: &str, value: &mut Vec<u8>) -> Option<Result<Option<KvFound>, KvError>> {
        self.store.get_now(key, value)
    }
}

impl<S: UntimedStore> WriteStore for Timed<S> {
    fn write(&self, write: Write<'_>) -> impl Future<Output = Result<Written, KvError>> + Send {
        self.deadlines.keep(self.store.write(write))
    }
}

/// A watch waits for what others do, and has no deadline.
impl<S: UntimedStore> OpenWatch for Timed<S> {
    type Watch = Own<S::Watch>;

    fn open(&self, keys: &KeySet, cursor: &WatchCursor) -> Result<Own<S::Watch>, KvError> {
        self.store.open(keys, cursor).map(Own::new)
    }
}

/// A watch that a forked child inherits is `NotConnected` there.
impl<W: WatchSource> WatchSource for Own<W> {
    fn next_batch<'a, 'b>(
        &'a mut self,
        limit: BatchLimit,
    ) -> Pin<Box<dyn Future<Output = Result<Option<UpdateBatch>, KvError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        match self.get_mut() {
            Ok(watch) => watch.next_batch(limit),
            Err(lapse) => Box::pin(ready(Err(lapse.into()))),
        }
    }

    fn marks_synced(&self) -> bool {
        self.get().is_ok_and(W::marks_synced)
    }

    fn gone(&self) -> Option<Gone> {
        self.get().ok()?.gone()
    }
}
