use super::{KvError, KvWriter, VersionToken};
use async_trait::async_trait;
use std::time::Duration;

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
