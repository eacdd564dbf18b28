//! The object of one store: reads, writes, and the opening of watches.

use crate::entry::Entry;
use crate::failure::KvError;
use crate::info::StoreInfo;
use crate::watch::Watch;
use slipstream::handle::{self, Failure, Selection};
use slipstream_bridge::{Counted, Kind, cursor, drive, refused, token};
use std::sync::Arc;
use std::time::Duration;

/// One store: reads, writes, compare-and-swap and watches. `Session.store` opens one.
#[derive(uniffi::Object)]
pub struct Store {
    handle: Counted<handle::Store>,
}

/// What a store that need not wait has for a key.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum Found {
    /// The live entry, or nothing.
    Now {
        /// The entry.
        entry: Option<Entry>,
    },
    /// The store has to wait: `get` asks it.
    Later,
}

impl Store {
    pub(crate) fn new(handle: handle::Store) -> Self {
        Self { handle: Counted::new(Kind::Store, handle) }
    }
}

#[uniffi::export]
impl Store {
    /// The store's name.
    pub fn name(&self) -> String {
        self.handle.name().to_owned()
    }

    /// The live entry of a key, or nothing (rule R1). A missing key is never an error.
    ///
    /// Fails with `InvalidArgument`, `NotConnected`, `Timeout`.
    pub async fn get(&self, key: String) -> Result<Option<Entry>, KvError> {
        let store = (*self.handle).clone();
        Ok(drive(async move { store.get(&key).await }).await?.map(Entry::from))
    }

    /// `get` where no waiting is needed, which an embedded store never does.
    pub fn get_now(&self, key: String) -> Result<Found, KvError> {
        let mut value = Vec::new();
        match self.handle.get_now(&key, &mut value) {
            None => Ok(Found::Later),
            Some(found) => {
                let entry = found?.map(|found| found.into_record(key, value).into());
                Ok(Found::Now { entry })
            }
        }
    }

    /// What `get` finds for each of these keys, in their order (rule R1). Cheaper than as many
    /// calls: a store that can is asked for all of them at once. Others may write between the
    /// reads of two keys.
    ///
    /// Fails with `InvalidArgument` if a key breaks rule K4, and reads nothing then;
    /// `NotConnected`, `Timeout`.
    pub async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Entry>>, KvError> {
        let store = (*self.handle).clone();
        let found = drive(async move {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            store.get_many(&keys).await
        });
        Ok(found.await?.into_iter().map(|entry| entry.map(Entry::from)).collect())
    }

    /// The raw last record of a key, which may be a tombstone with an empty value and its own
    /// version (rule R3). Nothing if it was never written, was purged or has expired.
    ///
    /// Fails with `InvalidArgument`, `NotConnected`, `Timeout`.
    pub async fn entry(&self, key: String) -> Result<Option<Entry>, KvError> {
        let store = (*self.handle).clone();
        Ok(drive(async move { store.entry(&key).await }).await?.map(Entry::from))
    }

    /// How much the store holds, and its limits as they are (rule R7).
    ///
    /// Fails with `StoreNotFound`, `NotConnected`, `Timeout`.
    pub async fn info(&self) -> Result<StoreInfo, KvError> {
        let store = (*self.handle).clone();
        Ok(drive(async move { store.info().await }).await?.into())
    }

    /// Every live key with this prefix, sorted by bytes (rule R4). The empty prefix is every key.
    ///
    /// Fails with `InvalidArgument`, `NotConnected`, `Timeout`.
    pub async fn keys(&self, prefix: String) -> Result<Vec<String>, KvError> {
        let store = (*self.handle).clone();
        Ok(drive(async move { store.keys(&prefix).await }).await?)
    }

    /// Every live entry whose key has this prefix, sorted by key (rule R4). The empty prefix is
    /// everything.
    ///
    /// Fails with `InvalidArgument`, `NotConnected`, `Timeout`.
    pub async fn scan(&self, prefix: String) -> Result<Vec<Entry>, KvError> {
        let store = (*self.handle).clone();
        let entries = drive(async move { store.scan(&prefix).await }).await?;
        Ok(entries.into_iter().map(Entry::from).collect())
    }

    /// Writes unconditionally and answers the new version (rule W1). An empty value is a value: reads show it (R2).
    ///
    /// After `ttl` the key is gone (W5).
    ///
    /// Fails with `InvalidArgument`, `LimitExceeded`, `NotConnected`, `Timeout`. After a `Timeout`
    /// the outcome is unknown (W6), and so it is when the call is cancelled.
    pub async fn put(
        &self,
        key: String,
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Vec<u8>, KvError> {
        let store = (*self.handle).clone();
        let version = drive(async move { store.put(&key, &value, ttl).await }).await?;
        Ok(version.as_bytes().to_vec())
    }

    /// Writes only where there is no live value, and answers the new version (rule W1).
    ///
    /// After `ttl` the key is gone (W5).
    ///
    /// Fails with `AlreadyExists`, `InvalidArgument`, `LimitExceeded`, `NotConnected`, `Timeout`.
    pub async fn create(
        &self,
        key: String,
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Vec<u8>, KvError> {
        let store = (*self.handle).clone();
        let version = drive(async move { store.create(&key, &value, ttl).await }).await?;
        Ok(version.as_bytes().to_vec())
    }

    /// Writes only if `version` is the key's current one, and answers the new version (rule W2).
    ///
    /// `version` is from `get`, `entry`, a write or a watch, of any process and language (V3).
    /// After `ttl` the key is gone (W5).
    ///
    /// Fails with `RevisionMismatch`, `InvalidArgument` also for a version of a wrong shape (V5),
    /// `LimitExceeded`, `NotConnected`, `Timeout`.
    pub async fn update(
        &self,
        key: String,
        value: Vec<u8>,
        version: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Vec<u8>, KvError> {
        let store = (*self.handle).clone();
        let expected = token(&version).map_err(refused(store.name(), &key, "update"))?;
        let version = drive(async move { store.update(&key, &value, &expected, ttl).await });
        Ok(version.await?.as_bytes().to_vec())
    }

    /// Deletes a key, leaving a tombstone; idempotent (rule W3). False where nothing was live, as
    /// far as the backend knows.
    ///
    /// Fails with `InvalidArgument`, `NotConnected`, `Timeout`.
    pub async fn delete(&self, key: String) -> Result<bool, KvError> {
        let store = (*self.handle).clone();
        Ok(drive(async move { store.delete(&key).await }).await?)
    }

    /// Deletes a key only if `version` is its current one (rules W2, W3).
    ///
    /// Fails with `RevisionMismatch`, `InvalidArgument` also for a version of a wrong shape (V5),
    /// `NotConnected`, `Timeout`.
    pub async fn delete_with_version(
        &self,
        key: String,
        version: Vec<u8>,
    ) -> Result<bool, KvError> {
        let store = (*self.handle).clone();
        let expected =
            token(&version).map_err(refused(store.name(), &key, "delete_with_version"))?;
        Ok(drive(async move { store.delete_with_version(&key, &expected).await }).await?)
    }

    /// Drops a key's value and history (rule W4). Purging an absent key is no error.
    ///
    /// Fails with `InvalidArgument`, `NotConnected`, `Timeout`.
    pub async fn purge(&self, key: String) -> Result<(), KvError> {
        let store = (*self.handle).clone();
        Ok(drive(async move { store.purge(&key).await }).await?)
    }

    /// Watches the union of the keys that have one of these prefixes and of these keys: their state
    /// first and then every change (rule S1), or with a cursor only what came after it (S4). Neither
    /// is every key; empty lists are no key, and the watch ends at once (S6).
    ///
    /// `cursor` is a saved one or a version; empty is none.
    ///
    /// Fails with `InvalidArgument` and `NotConnected` here; the watch itself with
    /// `CursorExpired` when changes after the cursor can no longer be told (S5), and with
    /// `NotConnected` once the connection is closed.
    pub fn watch(
        &self,
        prefixes: Option<Vec<String>>,
        keys: Option<Vec<String>>,
        cursor: Vec<u8>,
    ) -> Result<Arc<Watch>, KvError> {
        let position = self::cursor(&cursor).map_err(|error| Failure::new(error, "watch"))?;
        let selection = Selection::new(prefixes, keys);
        Ok(Arc::new(Watch::new(self.handle.watch(selection, &position)?)))
    }
}
