//! One write as data, and what a backend has to do for one: perform it.
//!
//! The public traits of writing follow from [`WriteStore`], so that keys, times to live and
//! expected versions are checked here, for every backend alike.
//!
//! Several writes as one (`atomic`) are not here yet. They have their place beside this trait, as a
//! trait of their own over the same [`Write`]s and [`Condition`]s: a backend that performs one write
//! need not be able to perform several.

use super::key::{check_key, check_named};
use super::{KvError, KvPurge, KvTtl, KvWriter, VersionToken, check_duration};
use async_trait::async_trait;
use std::future::Future;
use std::time::Duration;

/// A store that numbers its versions and performs one write at a time.
pub(crate) trait WriteStore: Send + Sync {
    /// Performs a write whose key, time to live and expected version are valid. An error means that
    /// nothing was written, unless the outcome is unknown (W6, W9).
    fn write(&self, write: Write<'_>) -> impl Future<Output = Result<Written, KvError>> + Send;
}

/// One write that was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write<'a> {
    pub(crate) key: &'a str,
    pub(crate) action: Action<'a>,
}

/// What to do with the key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action<'a> {
    /// Gives the key a value, which ends by itself after `ttl` (W5). An empty value is a tombstone
    /// (R2).
    Put { value: &'a [u8], condition: Condition, ttl: Option<Duration> },
    /// Leaves a tombstone (W3), if the key is at the expected version where one is given (W2).
    Delete { expected: Option<u64> },
    /// Drops the value and the history of the key (W4).
    Purge,
}

/// What has to be true of a key for it to be given a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing.
    Always,
    /// The key has no live value; else `AlreadyExists` (W1).
    Absent,
    /// This is the version of the key; else `RevisionMismatch` (W2).
    Version(u64),
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It wrote this version.
    Version(u64),
    /// There was nothing to do.
    Nothing,
}

/// The revision of a token that a caller expects (V5). Zero is the version of no key (W2).
fn revision(expected: &VersionToken) -> Result<u64, KvError> {
    match expected.revision()? {
        0 => Err(KvError::RevisionMismatch),
        revision => Ok(revision),
    }
}

/// Gives a key a value.
async fn put(
    store: &impl WriteStore,
    key: &str,
    value: &[u8],
    condition: Condition,
    ttl: Option<Duration>,
) -> Result<VersionToken, KvError> {
    match store.write(Write { key, action: Action::Put { value, condition, ttl } }).await? {
        Written::Version(version) => Ok(VersionToken::from_u64(version)),
        Written::Nothing => Err(KvError::OperationFailed("nothing was written".into())),
    }
}

#[async_trait]
impl<S: WriteStore> KvWriter for S {
    async fn put(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        check_key(key)?;
        put(self, key, value, Condition::Always, None).await
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        check_named(key)?;
        let action = Action::Delete { expected: None };
        Ok(self.write(Write { key, action }).await? != Written::Nothing)
    }

    async fn create(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        check_key(key)?;
        put(self, key, value, Condition::Absent, None).await
    }

    async fn update(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
    ) -> Result<VersionToken, KvError> {
        check_named(key)?;
        put(self, key, value, Condition::Version(revision(expected)?), None).await
    }

    async fn delete_with_version(
        &self,
        key: &str,
        expected: &VersionToken,
    ) -> Result<bool, KvError> {
        check_named(key)?;
        let action = Action::Delete { expected: Some(revision(expected)?) };
        self.write(Write { key, action }).await.map(|_| true)
    }
}

#[async_trait]
impl<S: WriteStore> KvTtl for S {
    async fn put_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        check_key(key)?;
        check_duration("ttl", ttl)?;
        put(self, key, value, Condition::Always, Some(ttl)).await
    }

    async fn create_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        check_key(key)?;
        check_duration("ttl", ttl)?;
        put(self, key, value, Condition::Absent, Some(ttl)).await
    }

    async fn update_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        check_named(key)?;
        check_duration("ttl", ttl)?;
        put(self, key, value, Condition::Version(revision(expected)?), Some(ttl)).await
    }
}

#[async_trait]
impl<S: WriteStore> KvPurge for S {
    async fn purge(&self, key: &str) -> Result<(), KvError> {
        check_named(key)?;
        self.write(Write { key, action: Action::Purge }).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::MAX_DURATION;

    /// A store that must not be asked.
    struct Unasked;

    impl WriteStore for Unasked {
        async fn write(&self, write: Write<'_>) -> Result<Written, KvError> {
            panic!("{write:?} was asked for");
        }
    }

    #[test]
    fn v5_only_revisions_are_expected() {
        assert_eq!(revision(&VersionToken::from_u64(0)), Err(KvError::RevisionMismatch));
        assert_eq!(revision(&VersionToken::from_u64(7)), Ok(7));
        for token in [VersionToken::unknown(), VersionToken::from_bytes(&[0; 10]).unwrap()] {
            assert_eq!(revision(&token).unwrap_err().code(), "InvalidArgument");
        }
    }

    #[tokio::test]
    async fn k1_no_backend_is_asked_for_a_write_of_a_bad_key() {
        let (version, second) = (VersionToken::from_u64(1), Duration::from_secs(1));
        for error in [
            Unasked.put("a b", b"x").await.unwrap_err(),
            Unasked.create("a b", b"x").await.unwrap_err(),
            Unasked.update("a b", b"x", &version).await.unwrap_err(),
            Unasked.delete("a b").await.unwrap_err(),
            Unasked.delete_with_version("a b", &version).await.unwrap_err(),
            Unasked.put_with_ttl("a b", b"x", second).await.unwrap_err(),
            Unasked.create_with_ttl("a b", b"x", second).await.unwrap_err(),
            Unasked.update_with_ttl("a b", b"x", &version, second).await.unwrap_err(),
            Unasked.purge("a b").await.unwrap_err(),
        ] {
            assert!(matches!(error, KvError::InvalidArgument(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn w5_no_backend_is_asked_for_a_time_to_live_out_of_bounds() {
        let version = VersionToken::from_u64(1);
        for ttl in [Duration::ZERO, MAX_DURATION + Duration::from_nanos(1)] {
            for error in [
                Unasked.put_with_ttl("a", b"x", ttl).await.unwrap_err(),
                Unasked.create_with_ttl("a", b"x", ttl).await.unwrap_err(),
                Unasked.update_with_ttl("a", b"x", &version, ttl).await.unwrap_err(),
            ] {
                assert!(matches!(error, KvError::InvalidArgument(_)), "{error}");
            }
        }
    }
}
