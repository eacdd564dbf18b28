use super::clock;
use super::database::OpenStore;
use super::engine::{Engine, Table};
use super::link::Link;
use super::meta::millis;
use super::record::Record;
use super::rules::{self, Action, MAX_VALUE, Write, Written, end_of, row_key};
use super::watch::EmbeddedWatch;
use crate::key::{PrefixSet, check_key, check_prefix};
use crate::kv::{
    KvEntry, KvError, KvPurge, KvReader, KvTtl, KvWatcher, KvWriter, OpenWatch, VersionToken,
    WatchCursor, check_duration,
};
use crate::store::KvStore;
use async_trait::async_trait;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// A store on an engine, as the traits show it.
pub(super) struct EmbeddedStore<E: Engine> {
    link: Arc<Link<E>>,
    store: Arc<OpenStore>,
}

/// Entries read in one view of a scan, so that a large one holds nobody up. Keys are read in
/// order, so a key that exists throughout is read once all the same (R4).
const SCANNED_AT_ONCE: usize = 8192;

/// Bytes of values read in one view, of which the last value may be more.
const BYTES_AT_ONCE: usize = 1 << 20;

impl<E: Engine> EmbeddedStore<E> {
    pub(super) fn new(link: Arc<Link<E>>, store: Arc<OpenStore>) -> Self {
        Self { link, store }
    }

    /// Takes something of the record of `key`, if it is shown.
    fn find<T>(
        &self,
        key: &str,
        shown: impl FnOnce(&Record<'_>, u64) -> bool,
        take: impl FnOnce(&Record<'_>) -> T,
    ) -> Result<Option<T>, KvError> {
        check_key(key)?;
        let row = row_key(self.store.id, key.as_bytes());
        self.link.with(|database| {
            database.engine.record(&row, |bytes| {
                let Some(bytes) = bytes else { return Ok(None) };
                let record = Record::decode(bytes)?;
                // Most entries never end, and then the time does not matter.
                let now = if record.deadline == 0 { 0 } else { clock::now() };
                Ok(shown(&record, now).then(|| take(&record)))
            })
        })
    }

    /// Collects something of every live entry with a prefix, in order.
    async fn list<T>(
        &self,
        prefix: &str,
        collect: impl Fn(&str, &Record<'_>) -> T,
    ) -> Result<Vec<T>, KvError> {
        check_prefix(prefix)?;
        let mut from = row_key(self.store.id, prefix.as_bytes());
        let to = end_of_prefix(self.store.id, prefix.as_bytes());
        let mut found = Vec::new();
        loop {
            let now = clock::now();
            let (mut rows, mut bytes) = (0, 0);
            let mut next = None;
            self.link.database()?.engine.read(|txn| {
                txn.range(Table::Entries, &from, &to, &mut |row, record| {
                    if rows == SCANNED_AT_ONCE || bytes >= BYTES_AT_ONCE {
                        next = Some(row.into());
                        return Ok(ControlFlow::Break(()));
                    }
                    rows += 1;
                    let record = Record::decode(record)?;
                    bytes += record.value.len();
                    if record.is_live(now) {
                        found.push(collect(utf8(&row[4..])?, &record));
                    }
                    Ok(ControlFlow::Continue(()))
                })
            })?;
            match next {
                Some(next) => from = next,
                None => return Ok(found),
            }
            tokio::task::yield_now().await;
        }
    }

    async fn write(
        &self,
        key: &str,
        action: Action<'_>,
        ttl: Option<Duration>,
    ) -> Result<Written, KvError> {
        check_key(key)?;
        if let Some(ttl) = ttl {
            check_duration("ttl", ttl)?;
        }
        if let Action::Put(value) | Action::Create(value) | Action::Update(value, _) = action
            && value.len() > MAX_VALUE
        {
            return Err(KvError::LimitExceeded(format!(
                "a value of {} bytes is over the limit of {MAX_VALUE}",
                value.len()
            )));
        }
        let database = self.link.database()?;
        let write = Write { key, action, ttl: ttl.map(millis) };
        let written = database.engine.submit(&self.store.name, write).outcome().await?;
        if written != Written::Nothing {
            self.store.bell.send_replace(());
        }
        if ttl.is_some() || self.store.ages {
            database.keep();
        }
        if ttl.is_some() {
            // It may end before what the keeper is waiting for.
            database.engine.alarm().ring();
        }
        Ok(written)
    }

    async fn put_version(
        &self,
        key: &str,
        action: Action<'_>,
        ttl: Option<Duration>,
    ) -> Result<VersionToken, KvError> {
        match self.write(key, action, ttl).await? {
            Written::Version(version) => Ok(VersionToken::from_u64(version)),
            Written::Nothing => Err(KvError::OperationFailed("nothing was written".into())),
        }
    }
}

#[async_trait]
impl<E: Engine> KvReader for EmbeddedStore<E> {
    async fn get(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        self.find(key, |record, now| record.is_live(now), |record| entry(key, record))
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<KvEntry>>, KvError> {
        keys.iter().try_for_each(|key| check_key(key))?;
        // A closed connection is one even where there are no keys to look for (L1).
        self.link.database()?;
        let mut found = Vec::with_capacity(keys.len());
        while found.len() < keys.len() {
            let now = clock::now();
            let mut bytes = 0;
            self.link.database()?.engine.read(|txn| {
                for key in keys[found.len()..].iter().take(SCANNED_AT_ONCE) {
                    if bytes >= BYTES_AT_ONCE {
                        break;
                    }
                    let row = row_key(self.store.id, key.as_bytes());
                    let record = txn.get(Table::Entries, &row)?.map(Record::decode).transpose()?;
                    let live = record.filter(|record| record.is_live(now));
                    bytes += live.as_ref().map_or(0, |record| record.value.len());
                    found.push(live.map(|record| entry(key, &record)));
                }
                Ok(())
            })?;
            if found.len() < keys.len() {
                tokio::task::yield_now().await;
            }
        }
        Ok(found)
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError> {
        self.list(prefix, |key, _| key.to_owned()).await
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<KvEntry>, KvError> {
        self.list(prefix, entry).await
    }

    async fn entry(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        self.find(key, |record, now| record.is_visible(now), |record| entry(key, record))
    }

    fn get_now(
        &self,
        key: &str,
        value: &mut Vec<u8>,
    ) -> Option<Result<Option<VersionToken>, KvError>> {
        let take = |record: &Record<'_>| {
            value.extend_from_slice(record.value);
            VersionToken::from_u64(record.version)
        };
        Some(self.find(key, |record, now| record.is_live(now), take))
    }
}

#[async_trait]
impl<E: Engine> KvWriter for EmbeddedStore<E> {
    async fn put(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        self.put_version(key, Action::Put(value), None).await
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        Ok(self.write(key, Action::Delete, None).await? != Written::Nothing)
    }

    async fn create(&self, key: &str, value: &[u8]) -> Result<VersionToken, KvError> {
        self.put_version(key, Action::Create(value), None).await
    }

    async fn update(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
    ) -> Result<VersionToken, KvError> {
        let expected = expected.revision()?;
        self.put_version(key, Action::Update(value, expected), None).await
    }

    async fn delete_with_version(
        &self,
        key: &str,
        expected: &VersionToken,
    ) -> Result<bool, KvError> {
        let expected = expected.revision()?;
        self.write(key, Action::DeleteWithVersion(expected), None).await.map(|_| true)
    }
}

#[async_trait]
impl<E: Engine> KvTtl for EmbeddedStore<E> {
    async fn put_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        self.put_version(key, Action::Put(value), Some(ttl)).await
    }

    async fn create_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        self.put_version(key, Action::Create(value), Some(ttl)).await
    }

    async fn update_with_ttl(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
        ttl: Duration,
    ) -> Result<VersionToken, KvError> {
        let expected = expected.revision()?;
        self.put_version(key, Action::Update(value, expected), Some(ttl)).await
    }
}

#[async_trait]
impl<E: Engine> KvPurge for EmbeddedStore<E> {
    async fn purge(&self, key: &str) -> Result<(), KvError> {
        self.write(key, Action::Purge, None).await.map(|_| ())
    }
}

impl<E: Engine> OpenWatch for EmbeddedStore<E> {
    type Watch = EmbeddedWatch<E>;

    fn open(&self, prefixes: &[&str], cursor: &WatchCursor) -> Result<EmbeddedWatch<E>, KvError> {
        let prefixes = PrefixSet::new(prefixes)?;
        EmbeddedWatch::new(self.link.clone(), self.store.clone(), prefixes, cursor)
    }
}

impl<E: Engine> EmbeddedStore<E> {
    fn share(&self) -> Arc<Self> {
        Arc::new(Self { link: self.link.clone(), store: self.store.clone() })
    }
}

impl<E: Engine> KvStore for EmbeddedStore<E> {
    fn name(&self) -> &str {
        &self.store.name
    }

    fn reader(&self) -> Arc<dyn KvReader> {
        self.share()
    }

    fn watcher(&self) -> Option<Arc<dyn KvWatcher>> {
        Some(self.share())
    }

    fn writer(&self) -> Option<Arc<dyn KvWriter>> {
        Some(self.share())
    }

    fn ttl_writer(&self) -> Option<Arc<dyn KvTtl>> {
        Some(self.share())
    }

    fn purge_writer(&self) -> Option<Arc<dyn KvPurge>> {
        Some(self.share())
    }
}

fn entry(key: &str, record: &Record<'_>) -> KvEntry {
    KvEntry {
        key: key.to_owned(),
        value: record.value.to_vec(),
        version: VersionToken::from_u64(record.version),
    }
}

fn utf8(key: &[u8]) -> Result<&str, KvError> {
    std::str::from_utf8(key)
        .map_err(|_| KvError::DeserializationError("a stored key is damaged".into()))
}

/// The first row after those whose keys have a prefix.
fn end_of_prefix(store: u32, prefix: &[u8]) -> rules::RowKey {
    // Key bytes are ASCII, so the last one of a prefix can always be counted up.
    match prefix.split_last() {
        Some((last, rest)) => {
            let mut end = row_key(store, rest);
            end.push(last + 1);
            end
        }
        None => rules::RowKey::from_slice(&end_of(store)),
    }
}
