//! A bucket behind the traits. Reads are in `read`, writes in `write`.

use crate::info::StoreInfo;
use crate::kv::key::KeySet;
use crate::kv::{KvError, OpenWatch, WatchCursor};
use crate::lifecycle::lease::Own;
use crate::lifecycle::timed::UntimedStore;
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::read::shared_reads::SharedReads;
use crate::nats::watch::source::NatsWatch;
use std::sync::Arc;

/// One store on NATS.
#[derive(Clone)]
pub(super) struct NatsStore {
    name: Arc<str>,
    bucket: Own<Arc<Bucket>>,
    shared_reads: Own<Arc<SharedReads>>,
}

/// A store whose connection was open when an operation began. Operations reach the bucket only by
/// this, so none can forget to look.
#[derive(Clone, Copy)]
pub(super) struct OpenStore<'a> {
    pub(super) bucket: &'a Arc<Bucket>,
    pub(super) shared_reads: &'a Arc<SharedReads>,
}

impl NatsStore {
    pub(super) fn new(bucket: Bucket) -> Self {
        let router = bucket.connection.router.clone();
        let shared_reads = SharedReads::new(router, bucket.known.clone(), &bucket.stream);
        Self {
            name: bucket.name.as_str().into(),
            bucket: Own::new(Arc::new(bucket)),
            shared_reads: Own::new(Arc::new(shared_reads)),
        }
    }

    /// The store for one operation; an error if its connection is closed, has ended, or is that of a
    /// parent process.
    pub(super) fn opened(&self) -> Result<OpenStore<'_>, KvError> {
        let (bucket, shared_reads) = (self.bucket.get()?, self.shared_reads.get()?);
        bucket.router().check_open()?;
        Ok(OpenStore { bucket, shared_reads })
    }
}

impl UntimedStore for NatsStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn has_ttl(&self) -> bool {
        self.bucket.get().is_ok_and(|bucket| bucket.known.takes_ttl())
    }

    async fn info(&self) -> Result<StoreInfo, KvError> {
        self.opened()?.info().await
    }
}

impl OpenWatch for NatsStore {
    type Watch = NatsWatch;

    fn open(&self, keys: &KeySet, cursor: &WatchCursor) -> Result<NatsWatch, KvError> {
        NatsWatch::new(self.opened()?.bucket.clone(), keys.clone(), cursor)
    }
}
