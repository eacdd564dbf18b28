//! The blocking twins of the async methods.

use crate::entry::Entry;
use crate::failure::KvError;
use crate::info::StoreInfo;
use crate::options::{ConnectOptions, StoreOptions};
use crate::session::{Session, connect};
use crate::store::Store;
use crate::update::Update;
use crate::wait::{wait, wait_within};
use crate::watch::Watch;
use std::sync::Arc;
use std::time::Duration;

/// `connect`, blocking.
#[uniffi::export]
pub fn connect_blocking(url: String, options: ConnectOptions) -> Result<Arc<Session>, KvError> {
    wait(connect(url, options))
}

#[uniffi::export]
impl Session {
    /// `store`, blocking.
    pub fn store_blocking(
        &self,
        name: String,
        options: StoreOptions,
    ) -> Result<Arc<Store>, KvError> {
        wait(self.store(name, options))
    }

    /// `stores`, blocking.
    pub fn stores_blocking(&self) -> Result<Vec<String>, KvError> {
        wait(self.stores())
    }

    /// `delete_store`, blocking.
    pub fn delete_store_blocking(&self, name: String) -> Result<(), KvError> {
        wait(self.delete_store(name))
    }

    /// `shutdown`, blocking.
    pub fn shutdown_blocking(&self) -> Result<(), KvError> {
        wait(self.shutdown())
    }
}

#[uniffi::export]
impl Store {
    /// `get`, blocking.
    pub fn get_blocking(&self, key: String) -> Result<Option<Entry>, KvError> {
        wait(self.get(key))
    }

    /// `get_many`, blocking.
    pub fn get_many_blocking(&self, keys: Vec<String>) -> Result<Vec<Option<Entry>>, KvError> {
        wait(self.get_many(keys))
    }

    /// `entry`, blocking.
    pub fn entry_blocking(&self, key: String) -> Result<Option<Entry>, KvError> {
        wait(self.entry(key))
    }

    /// `info`, blocking.
    pub fn info_blocking(&self) -> Result<StoreInfo, KvError> {
        wait(self.info())
    }

    /// `keys`, blocking.
    pub fn keys_blocking(&self, prefix: String) -> Result<Vec<String>, KvError> {
        wait(self.keys(prefix))
    }

    /// `scan`, blocking.
    pub fn scan_blocking(&self, prefix: String) -> Result<Vec<Entry>, KvError> {
        wait(self.scan(prefix))
    }

    /// `put`, blocking.
    pub fn put_blocking(
        &self,
        key: String,
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Vec<u8>, KvError> {
        wait(self.put(key, value, ttl))
    }

    /// `create`, blocking.
    pub fn create_blocking(
        &self,
        key: String,
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Vec<u8>, KvError> {
        wait(self.create(key, value, ttl))
    }

    /// `update`, blocking.
    pub fn update_blocking(
        &self,
        key: String,
        value: Vec<u8>,
        version: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<Vec<u8>, KvError> {
        wait(self.update(key, value, version, ttl))
    }

    /// `delete`, blocking.
    pub fn delete_blocking(&self, key: String) -> Result<bool, KvError> {
        wait(self.delete(key))
    }

    /// `delete_with_version`, blocking.
    pub fn delete_with_version_blocking(
        &self,
        key: String,
        version: Vec<u8>,
    ) -> Result<bool, KvError> {
        wait(self.delete_with_version(key, version))
    }

    /// `purge`, blocking.
    pub fn purge_blocking(&self, key: String) -> Result<(), KvError> {
        wait(self.purge(key))
    }
}

#[uniffi::export]
impl Watch {
    /// `fill`, blocking up to `within`: whether there is something to take, or the watch has ended.
    /// A language that throws where a call returns loses nothing that way, and one whose threads
    /// stop during a call asks in short portions.
    pub fn fill_blocking(&self, within: Duration) -> Result<bool, KvError> {
        Ok(wait_within(self.fill(), within).transpose()?.is_some())
    }

    /// `next_batch`, blocking up to `within`: nothing if no update came by then, and none is lost.
    pub fn next_batch_blocking(
        &self,
        max: u32,
        within: Duration,
    ) -> Result<Option<Vec<Update>>, KvError> {
        Ok(self.fill_blocking(within)?.then(|| self.take(max.max(1))))
    }

    /// `synced`, blocking up to `within`: whether the first state is complete.
    pub fn synced_blocking(&self, within: Duration) -> Result<bool, KvError> {
        Ok(wait_within(self.synced(), within).transpose()?.is_some())
    }
}
