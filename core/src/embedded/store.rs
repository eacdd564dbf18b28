//! A store on an engine, as the traits of `kv` show it.

use super::database::{Database, SharedStore};
use super::engine::{Engine, Table};
use super::info;
use super::link::Link;
use super::record::{Kind, Record};
use super::rules::{MAX_VALUE, row_key};
use super::search::end_of_prefix;
use super::watch::EmbeddedWatch;
use crate::info::StoreInfo;
use crate::kv::key::KeySet;
use crate::kv::{
    Action, KvError, KvFound, KvRecord, OpenWatch, ReadStore, VersionToken, WatchCursor, Write,
    WriteStore, Written,
};
use crate::lifecycle::timed::UntimedStore;
use crate::platform::clock;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A store on an engine, as the traits show it.
pub(super) struct EmbeddedStore<E: Engine> {
    link: Arc<Link<E>>,
    store: Arc<SharedStore>,
}

/// The most entries that a scan reads in one view, so that others get their turn. Keys are read in
/// order, so a key that exists throughout the scan is read exactly once (R4).
const SCANNED_AT_ONCE: usize = 8192;

/// The most bytes of values that a scan reads in one view; the last value may go over it.
const BYTES_AT_ONCE: usize = 1 << 20;

impl<E: Engine> EmbeddedStore<E> {
    pub(super) fn new(link: Arc<Link<E>>, store: Arc<SharedStore>) -> Self {
        Self { link, store }
    }

    /// Applies `take` to the record of `key`, if there is one and `shown` is true of it.
    fn find<T>(
        &self,
        key: &str,
        shown: impl FnOnce(&Record<'_>, u64) -> bool,
        take: impl FnOnce(&Record<'_>) -> T,
    ) -> Result<Option<T>, KvError> {
        let row = row_key(self.store.id, key.as_bytes());
        self.link.with(|database| {
            let found = database.engine.record(&row, |bytes| {
                let Some(bytes) = bytes else { return Ok(None) };
                let record = Record::decode(bytes)?;
                // Most entries never end, and need no look at the clock.
                let now = if record.deadline == 0 { 0 } else { clock::now() };
                Ok(shown(&record, now).then(|| take(&record)))
            })?;
            if found.is_none() {
                // Numbers are not used again, so what has an entry is there.
                database.engine.read(|txn| Database::<E>::meta(txn, &self.store))?;
            }
            Ok(found)
        })
    }

    /// Applies `collect` to every live entry with a prefix, in order.
    async fn list<T>(
        &self,
        prefix: &str,
        collect: impl Fn(&str, &Record<'_>) -> T,
    ) -> Result<Vec<T>, KvError> {
        let mut from = row_key(self.store.id, prefix.as_bytes());
        let to = end_of_prefix(self.store.id, prefix.as_bytes());
        let mut found = Vec::new();
        loop {
            let now = clock::now();
            let (mut rows, mut bytes) = (0, 0);
            let mut next = None;
            self.link.database()?.engine.read(|txn| {
                Database::<E>::meta(txn, &self.store)?;
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
}

impl<E: Engine> ReadStore for EmbeddedStore<E> {
    async fn get(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        self.find(key, |record, now| record.is_live(now), |found| record(key, found))
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<KvRecord>>, KvError> {
        // A closed connection is an error even if there are no keys to look for (L1).
        self.link.database()?;
        let mut found = Vec::with_capacity(keys.len());
        while found.len() < keys.len() {
            let now = clock::now();
            let mut bytes = 0;
            self.link.database()?.engine.read(|txn| {
                Database::<E>::meta(txn, &self.store)?;
                for key in keys[found.len()..].iter().take(SCANNED_AT_ONCE) {
                    if bytes >= BYTES_AT_ONCE {
                        break;
                    }
                    let row = row_key(self.store.id, key.as_bytes());
                    let record = txn.get(Table::Entries, &row)?.map(Record::decode).transpose()?;
                    let live = record.filter(|record| record.is_live(now));
                    bytes += live.as_ref().map_or(0, |record| record.value.len());
                    found.push(live.map(|record| self::record(key, &record)));
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

    async fn scan(&self, prefix: &str) -> Result<Vec<KvRecord>, KvError> {
        self.list(prefix, record).await
    }

    async fn entry(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        self.find(key, |record, now| record.is_visible(now), |found| record(key, found))
    }

    fn get_now(&self, key: &str, value: &mut Vec<u8>) -> Option<Result<Option<KvFound>, KvError>> {
        let take = |record: &Record<'_>| {
            value.extend_from_slice(record.value);
            KvFound::new(VersionToken::from_u64(record.version), record.deadline)
        };
        Some(self.find(key, |record, now| record.is_live(now), take))
    }
}

impl<E: Engine> WriteStore for EmbeddedStore<E> {
    async fn write(&self, write: Write<'_>) -> Result<Written, KvError> {
        let (size, ttl) = match write.action {
            Action::Put { value, ttl, .. } => (value.len(), ttl),
            Action::Delete { .. } | Action::Purge => (0, None),
        };
        if size > MAX_VALUE {
            return Err(KvError::LimitExceeded(format!(
                "a value of {size} bytes is over the limit of {MAX_VALUE}"
            )));
        }
        let database = self.link.database()?;
        let written = database.engine.submit(self.store.named(), write).outcome().await?;
        if written != Written::Nothing {
            self.store.bell.send_replace(());
        }
        if ttl.is_some() || self.store.ages {
            database.keep();
        }
        if ttl.is_some() {
            // The entry may end before the one that the keeper sleeps until.
            database.engine.alarm().ring();
        }
        Ok(written)
    }
}

impl<E: Engine> OpenWatch for EmbeddedStore<E> {
    type Watch = EmbeddedWatch<E>;

    fn open(&self, keys: &KeySet, cursor: &WatchCursor) -> Result<EmbeddedWatch<E>, KvError> {
        EmbeddedWatch::new(self.link.clone(), self.store.clone(), keys.clone(), cursor)
    }
}

impl<E: Engine> Clone for EmbeddedStore<E> {
    fn clone(&self) -> Self {
        Self { link: self.link.clone(), store: self.store.clone() }
    }
}

impl<E: Engine> UntimedStore for EmbeddedStore<E> {
    fn name(&self) -> &str {
        &self.store.name
    }

    fn has_ttl(&self) -> bool {
        true
    }

    async fn info(&self) -> Result<StoreInfo, KvError> {
        let now = clock::now();
        self.link.with(|it| it.engine.read(|txn| info::info::<E>(txn, &self.store, now)))
    }
}

fn record(key: &str, record: &Record<'_>) -> KvRecord {
    let found = KvRecord::live(key, record.value, VersionToken::from_u64(record.version));
    match record.kind {
        // The deadline of a mark is when it is swept.
        Kind::Tombstone | Kind::Purged | Kind::Expired => found.into_tombstone(),
        Kind::Value => found.ending_at(record.deadline),
    }
}

fn utf8(key: &[u8]) -> Result<&str, KvError> {
    std::str::from_utf8(key)
        .map_err(|_| KvError::DeserializationError("a stored key is damaged".into()))
}
