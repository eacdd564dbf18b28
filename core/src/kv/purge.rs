use super::{KvError, KvWriter};
use async_trait::async_trait;

/// Removal without a trace (contract rule W4).
#[async_trait]
pub trait KvPurge: KvWriter {
    /// Drops the key's value and history and reclaims their bytes. Purging an absent key is no
    /// error. Watchers see `Purge`.
    async fn purge(&self, key: &str) -> Result<(), KvError>;
}
