use super::bucket::Bucket;
use super::watch::NatsWatch;
use crate::key::PrefixSet;
use crate::kv::{
    KvError, KvPurge, KvReader, KvTtl, KvUpdate, KvWatcher, KvWriter, WatchCursor, WatchSource,
    forward,
};
use crate::store::KvStore;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// A bucket behind the traits. Reads are in `read`, writes in `write`.
#[derive(Clone)]
pub(super) struct NatsStore {
    pub(super) bucket: Arc<Bucket>,
}

impl NatsStore {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self { bucket: Arc::new(bucket) }
    }

    fn open(&self, prefixes: &[&str], cursor: &WatchCursor) -> Result<NatsWatch, KvError> {
        self.bucket.link.check_open()?;
        NatsWatch::new(self.bucket.clone(), PrefixSet::new(prefixes)?, cursor)
    }
}

impl KvStore for NatsStore {
    fn name(&self) -> &str {
        &self.bucket.name
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
        self.bucket.ttl.then(|| Arc::new(self.clone()) as Arc<dyn KvTtl>)
    }

    fn purge_writer(&self) -> Option<Arc<dyn KvPurge>> {
        Some(Arc::new(self.clone()))
    }
}

#[async_trait]
impl KvWatcher for NatsStore {
    async fn watch_all(&self, tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes_from(&[""], &WatchCursor::none(), tx).await
    }

    async fn watch_prefix(&self, prefix: &str, tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes_from(&[prefix], &WatchCursor::none(), tx).await
    }

    async fn watch_prefixes(&self, prefixes: &[&str], tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes_from(prefixes, &WatchCursor::none(), tx).await
    }

    async fn watch_all_from(
        &self,
        cursor: &WatchCursor,
        tx: Sender<KvUpdate>,
    ) -> Result<(), KvError> {
        self.watch_prefixes_from(&[""], cursor, tx).await
    }

    async fn watch_prefix_from(
        &self,
        prefix: &str,
        cursor: &WatchCursor,
        tx: Sender<KvUpdate>,
    ) -> Result<(), KvError> {
        self.watch_prefixes_from(&[prefix], cursor, tx).await
    }

    async fn watch_prefixes_from(
        &self,
        prefixes: &[&str],
        cursor: &WatchCursor,
        tx: Sender<KvUpdate>,
    ) -> Result<(), KvError> {
        forward(self.open(prefixes, cursor)?, tx).await
    }

    fn source(
        &self,
        prefixes: &[&str],
        cursor: &WatchCursor,
    ) -> Option<Result<Box<dyn WatchSource>, KvError>> {
        Some(self.open(prefixes, cursor).map(|watch| Box::new(watch) as Box<dyn WatchSource>))
    }
}
