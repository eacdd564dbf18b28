//! Writes to a store, as callers of the traits have them.

use super::{KvError, VersionToken};
use async_trait::async_trait;
use std::time::Duration;

/// Writes (contract section W). A write whose answer is lost has an unknown outcome (W6), and
/// nothing here retries one by itself.
#[async_trait]
pub trait KvWriter: Send + Sync {
    /// Writes unconditionally. An empty value is a value: reads show it (R2).
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

/// Writes that end by themselves: leases, locks, presence (contract rule W5). A time to live
/// under the backend's resolution is rounded up. Zero and what is above
/// [`MAX_DURATION`](super::MAX_DURATION) are `InvalidArgument`.
#[async_trait]
pub trait KvTtl: KvWriter {
    /// `put`, and the key is gone after `ttl`.
    async fn put_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<VersionToken, KvError>;

    /// `create`, and the key is gone after `ttl`.
    async fn create_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        let _ = (key, value, ttl);
        Err(KvError::OperationFailed("this store has no create with a ttl".into()))
    }

    /// `update`, and the key is gone after `ttl`.
    async fn update_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        let _ = (key, value, expected, ttl);
        Err(KvError::OperationFailed("this store has no update with a ttl".into()))
    }
}

/// Removal without a trace (contract rule W4).
#[async_trait]
pub trait KvPurge: KvWriter {
    /// Drops the key's value and history and reclaims their bytes. Purging an absent key is no
    /// error. Watchers see `Purge`.
    async fn purge(&self, key: &str) -> Result<(), KvError>;
}
