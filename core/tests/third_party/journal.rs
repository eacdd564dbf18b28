//! A backend by somebody else: `journal:NAME`, stores in memory with all that watches need.

use async_trait::async_trait;
use slipstream::backend::{Backend, ConnectOptions};
use slipstream::key::{KeySet, check_name};
use slipstream::kv::{BatchLimit, KvRecord, UpdateBatch, UpdateKind, WatchSource};
use slipstream::{
    Connection, ConnectionCapabilities, KvEntry, KvError, KvReader, KvStore, KvUpdate, KvWatcher,
    KvWriter, StoreConfig, VersionToken, WatchCursor,
};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::Sender;
use tokio::sync::watch as signal;

/// The stores of each name, as long as the process runs.
#[derive(Default)]
pub struct JournalBackend {
    shelves: Mutex<BTreeMap<String, Arc<Shelf>>>,
}

/// The stores behind one URL.
#[derive(Default)]
struct Shelf {
    journals: Mutex<BTreeMap<String, Arc<Journal>>>,
}

/// One store: its records, and which write of which key is where.
struct Journal {
    name: String,
    /// Tells it from a journal of the same name in another process (V4).
    incarnation: u64,
    records: Mutex<Records>,
    tip: signal::Sender<u64>,
}

#[derive(Default)]
struct Records {
    last: BTreeMap<String, Record>,
    log: BTreeMap<u64, String>,
    tip: u64,
}

/// The last write of a key.
struct Record {
    entry: KvEntry,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Value,
    Tombstone,
}

impl Backend for JournalBackend {
    fn schemes(&self) -> &[&'static str] {
        &["journal"]
    }

    fn urls(&self) -> &str {
        "journal:NAME"
    }

    fn title(&self) -> &str {
        "journals"
    }

    fn options(&self) -> &[&'static str] {
        &["shelf", "read_only"]
    }

    fn open(&self, url: &str, options: &ConnectOptions) -> Result<Arc<dyn Connection>, KvError> {
        let name = url.strip_prefix("journal:").unwrap_or_default();
        let name = options.backend.text("shelf")?.unwrap_or(name);
        check_name(name)?;
        let shelf = locked(&self.shelves).entry(name.to_owned()).or_default().clone();
        let writable = !options.backend.flag("read_only")?;
        Ok(Arc::new(JournalConnection { shelf, writable, open: signal::Sender::new(false) }))
    }
}

/// A connection to a shelf. What is opened on it works as long as it is open.
struct JournalConnection {
    shelf: Arc<Shelf>,
    writable: bool,
    open: signal::Sender<bool>,
}

#[async_trait]
impl Connection for JournalConnection {
    async fn connect(&self) -> Result<(), KvError> {
        self.open.send_replace(true);
        Ok(())
    }

    async fn shutdown(&self) -> Result<(), KvError> {
        self.open.send_replace(false);
        Ok(())
    }

    fn is_healthy(&self) -> bool {
        *self.open.borrow()
    }

    async fn store_with_config(&self, config: StoreConfig) -> Result<Arc<dyn KvStore>, KvError> {
        config.check()?;
        if config.max_age.is_some() || config.max_bytes.is_some() {
            return Err(KvError::InvalidArgument("a journal has no limits".into()));
        }
        if !self.is_healthy() {
            return Err(KvError::NotConnected);
        }
        let mut journals = locked(&self.shelf.journals);
        let journal = journals.entry(config.name).or_insert_with_key(|name| {
            let (name, incarnation) = (name.clone(), RandomState::new().hash_one(name));
            let (records, tip) = (Mutex::default(), signal::Sender::new(0));
            Arc::new(Journal { name, incarnation, records, tip })
        });
        let (journal, open) = (journal.clone(), self.open.subscribe());
        Ok(Arc::new(JournalStore { journal, writable: self.writable, open }))
    }

    fn capabilities(&self) -> ConnectionCapabilities {
        ConnectionCapabilities {
            streaming_watch: true,
            prefix_watch: true,
            cas: true,
            global_ordering: true,
            ..ConnectionCapabilities::default()
        }
    }
}

#[derive(Clone)]
struct JournalStore {
    journal: Arc<Journal>,
    writable: bool,
    open: signal::Receiver<bool>,
}

impl JournalStore {
    fn records(&self) -> Result<MutexGuard<'_, Records>, KvError> {
        if !*self.open.borrow() {
            return Err(KvError::NotConnected);
        }
        Ok(locked(&self.journal.records))
    }

    /// Writes if `allowed` says so of the record that is there.
    fn write(
        &self,
        key: &str,
        (kind, value): (Kind, &[u8]),
        allowed: impl FnOnce(Option<&Record>) -> Result<(), KvError>,
    ) -> Result<VersionToken, KvError> {
        let mut records = self.records()?;
        allowed(records.last.get(key))?;
        records.tip += 1;
        let tip = records.tip;
        let version = VersionToken::from_u64(tip);
        let entry = KvEntry { key: key.into(), value: value.into(), version: version.clone() };
        let before = records.last.insert(key.into(), Record { entry, kind });
        let superseded = before.and_then(|before| before.entry.version.as_u64());
        superseded.map(|number| records.log.remove(&number));
        records.log.insert(tip, key.into());
        self.journal.tip.send_replace(tip);
        Ok(version)
    }

    fn live(&self, prefix: &str) -> Result<Vec<KvEntry>, KvError> {
        let records = self.records()?;
        let from = records.last.range(prefix.to_owned()..);
        let records = from.take_while(|(key, _)| key.starts_with(prefix)).map(|(_, record)| record);
        Ok(records.filter(|record| record.is_live()).map(|record| record.entry.clone()).collect())
    }

    /// Writes over the expected version.
    fn exchange(
        &self,
        key: &str,
        written: (Kind, &[u8]),
        expected: &VersionToken,
    ) -> Result<VersionToken, KvError> {
        if expected.as_u64().is_none() {
            let len = expected.as_bytes().len();
            return Err(KvError::InvalidArgument(format!(
                "expected a version of 8 bytes, got one of {len}"
            )));
        }
        self.write(key, written, |record| match record {
            Some(record) if record.entry.version == *expected => Ok(()),
            _ => Err(KvError::RevisionMismatch),
        })
    }
}

impl KvStore for JournalStore {
    fn name(&self) -> &str {
        &self.journal.name
    }

    fn reader(&self) -> Arc<dyn KvReader> {
        Arc::new(self.clone())
    }

    fn watcher(&self) -> Option<Arc<dyn KvWatcher>> {
        Some(Arc::new(self.clone()))
    }

    fn writer(&self) -> Option<Arc<dyn KvWriter>> {
        self.writable.then(|| Arc::new(self.clone()) as Arc<dyn KvWriter>)
    }
}

#[async_trait]
impl KvReader for JournalStore {
    async fn get(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        let records = self.records()?;
        let record = records.last.get(key).filter(|record| record.is_live());
        Ok(record.map(|record| record.entry.clone()))
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError> {
        Ok(self.live(prefix)?.into_iter().map(|entry| entry.key).collect())
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<KvEntry>, KvError> {
        self.live(prefix)
    }

    async fn entry(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        Ok(self.records()?.last.get(key).map(|record| record.entry.clone()))
    }

    async fn entry_record(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        let told = |record: &Record| match KvRecord::from(record.entry.clone()) {
            found if record.is_live() => found,
            found => found.into_tombstone(),
        };
        Ok(self.records()?.last.get(key).map(told))
    }
}

#[async_trait]
impl KvWriter for JournalStore {
    async fn put(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        self.write(key, (Kind::Value, value), |_| Ok(()))
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        let live = |record: Option<&Record>| match record {
            Some(record) if record.is_live() => Ok(()),
            _ => Err(KvError::KeyNotFound),
        };
        match self.write(key, (Kind::Tombstone, &[]), live) {
            Err(KvError::KeyNotFound) => Ok(false),
            written => written.map(|_| true),
        }
    }

    async fn create(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        self.write(key, (Kind::Value, value), |record| match record {
            Some(record) if record.is_live() => Err(KvError::AlreadyExists),
            _ => Ok(()),
        })
    }

    async fn update(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
    ) -> Result<VersionToken, KvError> {
        self.exchange(key, (Kind::Value, value), expected)
    }

    async fn delete_with_version(
        &self,
        key: &str,
        expected: &VersionToken,
    ) -> Result<bool, KvError> {
        self.exchange(key, (Kind::Tombstone, &[]), expected).map(|_| true)
    }
}

#[async_trait]
impl KvWatcher for JournalStore {
    async fn watch_all(&self, tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes(&[""], tx).await
    }

    async fn watch_prefix(&self, prefix: &str, tx: Sender<KvUpdate>) -> Result<(), KvError> {
        self.watch_prefixes(&[prefix], tx).await
    }

    async fn watch_prefixes(&self, prefixes: &[&str], tx: Sender<KvUpdate>) -> Result<(), KvError> {
        let mut watch =
            JournalWatch::new(self, &KeySet::of_prefixes(prefixes)?, &WatchCursor::none())?;
        while let Some(batch) = watch.next_batch(BatchLimit::default()).await? {
            for update in batch.into_updates() {
                if tx.send(update).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn source(
        &self,
        keys: &KeySet,
        cursor: &WatchCursor,
    ) -> Option<Result<Box<dyn WatchSource>, KvError>> {
        let watch = JournalWatch::new(self, keys, cursor);
        Some(watch.map(|watch| Box::new(watch) as Box<dyn WatchSource>))
    }
}

/// A watch: the position after what was handed out.
struct JournalWatch {
    store: JournalStore,
    keys: KeySet,
    position: u64,
    synced: bool,
    tip: signal::Receiver<u64>,
}

impl JournalWatch {
    fn new(store: &JournalStore, keys: &KeySet, from: &WatchCursor) -> Result<Self, KvError> {
        let foreign = from.incarnation().is_some_and(|it| it != store.journal.incarnation);
        let position = match (from.is_none(), from.as_u64()) {
            (true, _) => 0,
            (false, Some(position)) if foreign || position > store.records()?.tip => {
                return Err(KvError::CursorExpired);
            }
            (false, Some(position)) => position,
            (false, None) => return Err(KvError::InvalidArgument("cursor of another kind".into())),
        };
        let (keys, tip) = (keys.clone(), store.journal.tip.subscribe());
        Ok(Self { store: store.clone(), keys, position, synced: false, tip })
    }

    /// The next changes, and whether they are the last that there are now.
    fn read(&mut self, limit: BatchLimit) -> Result<(UpdateBatch, bool), KvError> {
        let records = self.store.records()?;
        let mut batch = UpdateBatch::default();
        for (&number, key) in records.log.range(self.position + 1..) {
            if batch.len() >= limit.items || batch.bytes() >= limit.bytes {
                break;
            }
            self.position = number;
            if self.keys.contains(key)
                && let Some(record) = records.last.get(key)
            {
                let KvEntry { value, version, .. } = &record.entry;
                batch.push(record.kind.as_update(), key, value, version.clone());
            }
        }
        let incarnation = self.store.journal.incarnation;
        batch.set_frontier(WatchCursor::from_u64(self.position).with_incarnation(incarnation));
        Ok((batch, self.position == records.tip))
    }
}

#[async_trait]
impl WatchSource for JournalWatch {
    async fn next_batch(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        while !self.keys.is_empty() {
            self.tip.mark_unchanged();
            let (mut batch, complete) = self.read(limit)?;
            let synced = complete && !self.synced;
            if synced {
                self.synced = true;
                batch.set_synced();
            }
            if synced || !batch.is_empty() {
                return Ok(Some(batch));
            }
            tokio::select! {
                closed = self.store.open.wait_for(|open| !open) => {
                    drop(closed);
                    return Err(KvError::NotConnected);
                }
                _ = self.tip.changed() => {}
            }
        }
        Ok(None)
    }
}

impl Record {
    fn is_live(&self) -> bool {
        self.kind == Kind::Value
    }
}

impl Kind {
    fn as_update(self) -> UpdateKind {
        match self {
            Self::Value => UpdateKind::Put,
            Self::Tombstone => UpdateKind::Delete,
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
