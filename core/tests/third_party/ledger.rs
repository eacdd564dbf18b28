//! A small store in memory, written against the required methods only.

use async_trait::async_trait;
use slipstream::{
    Connection, ConnectionCapabilities, KvEntry, KvError, KvReader, KvStore, KvUpdate, KvWatcher,
    KvWriter, StoreConfig, VersionToken,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::Sender;
use tokio::sync::watch as signal;

/// A connection to one store.
pub struct LedgerConnection {
    store: Arc<Ledger>,
    open: AtomicBool,
}

impl Default for LedgerConnection {
    fn default() -> Self {
        Self { store: LedgerStore::new("books").ledger, open: AtomicBool::new(true) }
    }
}

/// The store: the last record of each key, and how many writes there were.
#[derive(Clone)]
pub struct LedgerStore {
    ledger: Arc<Ledger>,
}

struct Ledger {
    name: String,
    records: Mutex<BTreeMap<String, KvEntry>>,
    /// The number of the last write; closed when the connection is.
    last: signal::Sender<Option<u64>>,
    watching: AtomicUsize,
}

impl LedgerStore {
    pub fn new(name: &str) -> Self {
        let ledger = Ledger {
            name: name.to_owned(),
            records: Mutex::default(),
            last: signal::Sender::new(Some(0)),
            watching: AtomicUsize::new(0),
        };
        Self { ledger: Arc::new(ledger) }
    }

    /// How many watches run now.
    pub fn watching(&self) -> usize {
        self.ledger.watching.load(Ordering::Relaxed)
    }

    fn records(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, KvEntry>> {
        self.ledger.records.lock().expect("no panic under the lock")
    }

    /// Writes if `allowed` says so of the record that is there.
    fn write(
        &self,
        key: &str,
        value: &[u8],
        allowed: impl FnOnce(Option<&KvEntry>) -> Result<(), KvError>,
    ) -> Result<VersionToken, KvError> {
        let mut records = self.records();
        allowed(records.get(key))?;
        let number = self.ledger.last.borrow().ok_or(KvError::NotConnected)? + 1;
        let version = VersionToken::from_u64(number);
        let entry = KvEntry { key: key.into(), value: value.into(), version: version.clone() };
        records.insert(key.into(), entry);
        drop(records);
        self.ledger.last.send_replace(Some(number));
        Ok(version)
    }

    fn live(&self, prefix: &str) -> Vec<KvEntry> {
        let records = self.records();
        let live = records.values().filter(|entry| !entry.value.is_empty());
        live.filter(|entry| entry.key.starts_with(prefix)).cloned().collect()
    }

    fn since(&self, prefixes: &[&str], position: u64) -> Vec<KvEntry> {
        let records = self.records();
        let mut newer: Vec<KvEntry> = records
            .values()
            .filter(|entry| entry.version.as_u64() > Some(position))
            .filter(|entry| prefixes.iter().any(|prefix| entry.key.starts_with(prefix)))
            .cloned()
            .collect();
        newer.sort_by_key(|entry| entry.version.as_u64());
        newer
    }
}

#[async_trait]
impl Connection for LedgerConnection {
    async fn connect(&self) -> Result<(), KvError> {
        self.open.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn shutdown(&self) -> Result<(), KvError> {
        self.open.store(false, Ordering::Relaxed);
        self.store.last.send_replace(None);
        Ok(())
    }

    fn is_healthy(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    async fn store_with_config(&self, config: StoreConfig) -> Result<Arc<dyn KvStore>, KvError> {
        if config.name != self.store.name {
            return Err(KvError::OperationFailed("there is only one store".into()));
        }
        Ok(Arc::new(LedgerStore { ledger: self.store.clone() }))
    }

    fn capabilities(&self) -> ConnectionCapabilities {
        ConnectionCapabilities { streaming_watch: true, cas: true, ..Default::default() }
    }
}

impl KvStore for LedgerStore {
    fn name(&self) -> &str {
        &self.ledger.name
    }

    fn reader(&self) -> Arc<dyn KvReader> {
        Arc::new(self.clone())
    }

    fn watcher(&self) -> Option<Arc<dyn KvWatcher>> {
        Some(Arc::new(self.clone()))
    }

    fn writer(&self) -> Option<Arc<dyn KvWriter>> {
        Some(Arc::new(self.clone()))
    }
}

#[async_trait]
impl KvReader for LedgerStore {
    async fn get(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        Ok(self.entry(key).await?.filter(|entry| !entry.value.is_empty()))
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError> {
        Ok(self.live(prefix).into_iter().map(|entry| entry.key).collect())
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<KvEntry>, KvError> {
        Ok(self.live(prefix))
    }

    async fn entry(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        Ok(self.records().get(key).cloned())
    }
}

#[async_trait]
impl KvWriter for LedgerStore {
    async fn put(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        self.write(key, value, |_| Ok(()))
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.write(key, &[], |_| Ok(())).map(|_| true)
    }

    async fn create(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        self.write(key, value, |record| match record {
            Some(entry) if !entry.value.is_empty() => Err(KvError::AlreadyExists),
            _ => Ok(()),
        })
    }

    async fn update(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
    ) -> Result<VersionToken, KvError> {
        self.write(key, value, |record| match record {
            Some(entry) if entry.version == *expected => Ok(()),
            _ => Err(KvError::RevisionMismatch),
        })
    }

    async fn delete_with_version(
        &self,
        key: &str,
        expected: &VersionToken,
    ) -> Result<bool, KvError> {
        self.update(key, &[], expected).await.map(|_| true)
    }
}

#[async_trait]
impl KvWatcher for LedgerStore {
    async fn watch_all(&self, tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes(&[""], tx).await
    }

    async fn watch_prefix(&self, prefix: &str, tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes(&[prefix], tx).await
    }

    async fn watch_prefixes(&self, prefixes: &[&str], tx: Sender<KvUpdate>) -> Result<(), KvError> {
        if prefixes.is_empty() {
            return Ok(());
        }
        let _counted = Counted::new(&self.ledger.watching);
        let mut last = self.ledger.last.subscribe();
        let mut position = 0;
        loop {
            last.borrow_and_update().ok_or(KvError::NotConnected)?;
            for entry in self.since(prefixes, position) {
                position = entry.version.as_u64().unwrap_or(position);
                if tx.send(KvUpdate::Put(entry)).await.is_err() {
                    return Ok(());
                }
            }
            tokio::select! {
                _ = tx.closed() => return Ok(()),
                _ = last.changed() => {}
            }
        }
    }
}

/// Counts a watch while it runs.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
