//! What a backend has to do for reads. [`KvReader`] follows from it, so that keys and prefixes are
//! checked here, for every backend alike.

use super::key::{check_named, check_prefix};
use super::{KvEntry, KvError, KvFound, KvReader, KvRecord};
use async_trait::async_trait;
use std::future::Future;

/// A store that is read. Its keys and prefixes are valid; the methods mean what those of
/// [`KvReader`] do.
pub(crate) trait ReadStore: Send + Sync {
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<KvRecord>, KvError>> + Send;

    fn get_many(
        &self,
        keys: &[&str],
    ) -> impl Future<Output = Result<Vec<Option<KvRecord>>, KvError>> + Send;

    fn keys(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, KvError>> + Send;

    fn scan(&self, prefix: &str) -> impl Future<Output = Result<Vec<KvRecord>, KvError>> + Send;

    fn entry(&self, key: &str) -> impl Future<Output = Result<Option<KvRecord>, KvError>> + Send;

    fn get_now(&self, key: &str, value: &mut Vec<u8>) -> Option<Result<Option<KvFound>, KvError>> {
        let _ = (key, value);
        None
    }
}

#[async_trait]
impl<S: ReadStore> KvReader for S {
    async fn get(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        Ok(self.get_record(key).await?.map(KvEntry::from))
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<KvEntry>>, KvError> {
        Ok(self.get_many_records(keys).await?.into_iter().map(|it| it.map(KvEntry::from)).collect())
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError> {
        check_prefix(prefix)?;
        ReadStore::keys(self, prefix).await
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<KvEntry>, KvError> {
        Ok(self.scan_records(prefix).await?.into_iter().map(KvEntry::from).collect())
    }

    async fn entry(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        Ok(self.entry_record(key).await?.map(KvEntry::from))
    }

    async fn get_record(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        check_named(key)?;
        ReadStore::get(self, key).await
    }

    async fn get_many_records(&self, keys: &[&str]) -> Result<Vec<Option<KvRecord>>, KvError> {
        keys.iter().try_for_each(|key| check_named(key))?;
        ReadStore::get_many(self, keys).await
    }

    async fn scan_records(&self, prefix: &str) -> Result<Vec<KvRecord>, KvError> {
        check_prefix(prefix)?;
        ReadStore::scan(self, prefix).await
    }

    async fn entry_record(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        check_named(key)?;
        ReadStore::entry(self, key).await
    }

    fn get_now(&self, key: &str, value: &mut Vec<u8>) -> Option<Result<Option<KvFound>, KvError>> {
        match check_named(key) {
            Ok(()) => ReadStore::get_now(self, key, value),
            Err(error) => Some(Err(error)),
        }
    }
}
