use crate::key::PrefixSet;
use crate::kv::{KvError, KvPurge, KvReader, KvTtl, KvWatcher, KvWriter, OpenWatch, WatchCursor};
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::watch::stream::NatsWatch;
use crate::store::KvStore;
use std::sync::Arc;

/// A bucket behind the traits. Reads are in `read`, writes in `write`.
#[derive(Clone)]
pub(super) struct NatsStore {
    pub(super) bucket: Arc<Bucket>,
}

impl NatsStore {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self { bucket: Arc::new(bucket) }
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

impl OpenWatch for NatsStore {
    type Watch = NatsWatch;

    fn open(&self, prefixes: &[&str], cursor: &WatchCursor) -> Result<NatsWatch, KvError> {
        self.bucket.link.check_open()?;
        NatsWatch::new(self.bucket.clone(), PrefixSet::new(prefixes)?, cursor)
    }
}
