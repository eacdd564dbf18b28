//! A store that never answers.

use async_trait::async_trait;
use slipstream::{KvEntry, KvError, KvReader, KvStore, KvWriter, VersionToken};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

static WRITES: AtomicUsize = AtomicUsize::new(0);

/// Every call waits for ever; it has no watches, and writes only if asked to have them.
#[derive(Default, Clone)]
pub struct StuckStore {
    writes: bool,
}

impl StuckStore {
    pub fn with_writes() -> Self {
        Self { writes: true }
    }

    /// How many writes were asked of stuck stores in this process.
    pub fn writes_asked() -> usize {
        WRITES.load(Ordering::Relaxed)
    }
}

impl KvStore for StuckStore {
    fn name(&self) -> &str {
        "stuck"
    }

    fn reader(&self) -> Arc<dyn KvReader> {
        Arc::new(self.clone())
    }

    fn writer(&self) -> Option<Arc<dyn KvWriter>> {
        self.writes.then(|| Arc::new(self.clone()) as Arc<dyn KvWriter>)
    }
}

#[async_trait]
impl KvReader for StuckStore {
    async fn get(&self, _key: &str) -> Result<Option<KvEntry>, KvError> {
        pending().await
    }

    async fn keys(&self, _prefix: &str) -> Result<Vec<String>, KvError> {
        pending().await
    }

    async fn scan(&self, _prefix: &str) -> Result<Vec<KvEntry>, KvError> {
        pending().await
    }

    async fn entry(&self, _key: &str) -> Result<Option<KvEntry>, KvError> {
        pending().await
    }
}

async fn write<T>() -> Result<T, KvError> {
    WRITES.fetch_add(1, Ordering::Relaxed);
    pending().await
}

#[async_trait]
impl KvWriter for StuckStore {
    async fn put(&self, _key: &str, _value: &[u8]) -> Result<VersionToken, KvError> {
        write().await
    }

    async fn delete(&self, _key: &str) -> Result<bool, KvError> {
        write().await
    }

    async fn create(&self, _key: &str, _value: &[u8]) -> Result<VersionToken, KvError> {
        write().await
    }

    async fn update(
        &self,
        _key: &str,
        _value: &[u8],
        _expected: &VersionToken,
    ) -> Result<VersionToken, KvError> {
        write().await
    }

    async fn delete_with_version(
        &self,
        _key: &str,
        _expected: &VersionToken,
    ) -> Result<bool, KvError> {
        write().await
    }
}
