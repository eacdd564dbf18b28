use super::{KvEntry, KvError, VersionToken};
use async_trait::async_trait;

/// Reads (contract section R).
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

    /// [`get`](Self::get) for a store that can answer without waiting: the version, with the value
    /// in `value`. `None` where it has to wait, as is the default.
    fn get_now(
        &self,
        key: &str,
        value: &mut Vec<u8>,
    ) -> Option<Result<Option<VersionToken>, KvError>> {
        let _ = (key, value);
        None
    }
}
