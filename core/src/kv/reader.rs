//! Reads of a store, as callers of the traits have them.

use super::{KvEntry, KvError, KvFound, KvRecord};
use async_trait::async_trait;

/// Reads (contract section R).
///
/// A store implements the methods that give entries; those that give records say more of them, and
/// have defaults that know no more than the entries say.
#[async_trait]
pub trait KvReader: Send + Sync {
    /// The live entry of `key`, or nothing. A missing key is never an error (R1).
    async fn get(&self, key: &str) -> Result<Option<KvEntry>, KvError>;

    /// What [`get`](Self::get) finds for each of the keys, in their order. A store that can asks
    /// for all of them at once; the default asks for one after the other.
    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<KvEntry>>, KvError> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.get(key).await?);
        }
        Ok(found)
    }

    /// Every live key with this prefix, once, sorted by bytes (R4).
    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError>;

    /// Every live entry whose key has this prefix, once, sorted by key bytes (R4).
    async fn scan(&self, prefix: &str) -> Result<Vec<KvEntry>, KvError>;

    /// The raw last record of `key`: a live entry, or the tombstone a deletion left, with an
    /// empty value and its own version (R3). Required on purpose: a default through
    /// [`get`](Self::get) would hide tombstones.
    async fn entry(&self, key: &str) -> Result<Option<KvEntry>, KvError>;

    /// [`get`](Self::get) with when the entry ends (R6).
    async fn get_record(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        Ok(self.get(key).await?.map(KvRecord::from))
    }

    /// [`get_many`](Self::get_many) with when each entry ends (R6).
    async fn get_many_records(&self, keys: &[&str]) -> Result<Vec<Option<KvRecord>>, KvError> {
        Ok(self.get_many(keys).await?.into_iter().map(|it| it.map(KvRecord::from)).collect())
    }

    /// [`scan`](Self::scan) with when each entry ends (R6).
    async fn scan_records(&self, prefix: &str) -> Result<Vec<KvRecord>, KvError> {
        Ok(self.scan(prefix).await?.into_iter().map(KvRecord::from).collect())
    }

    /// [`entry`](Self::entry) with whether it is a tombstone (R3) and when it ends (R6). In a store
    /// whose records carry no marks of ours, an empty one is a tombstone (R2).
    async fn entry_record(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        let record = self.entry(key).await?.map(KvRecord::from);
        Ok(record.map(|it| if it.value.is_empty() { it.into_tombstone() } else { it }))
    }

    /// [`get_record`](Self::get_record) for a store that can answer without waiting: the entry,
    /// with its value in `value`. `None` where it has to wait, as is the default.
    fn get_now(&self, key: &str, value: &mut Vec<u8>) -> Option<Result<Option<KvFound>, KvError>> {
        let _ = (key, value);
        None
    }
}
