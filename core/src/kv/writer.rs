use super::{KvError, VersionToken};
use async_trait::async_trait;

/// Writes (contract section W). A write whose answer is lost has an unknown outcome (W6), and
/// nothing here retries one by itself.
#[async_trait]
pub trait KvWriter: Send + Sync {
    /// Writes unconditionally. An empty value is a tombstone: the key then reads as deleted (R2).
    async fn put(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError>;

    /// Deletes the key, leaving a tombstone. Idempotent; may answer `true` for an absent key (W3).
    async fn delete(&self, key: &str) -> Result<bool, KvError>;

    /// Writes only where there is no live value, else `AlreadyExists` (W1).
    async fn create(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError>;

    /// Writes only if `expected` is the current version, else `RevisionMismatch` (W2).
    async fn update(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
    ) -> Result<VersionToken, KvError>;

    /// Deletes only if `expected` is the current version, else `RevisionMismatch` (W2, W3).
    async fn delete_with_version(
        &self,
        key: &str,
        expected: &VersionToken,
    ) -> Result<bool, KvError>;
}
