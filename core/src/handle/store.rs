//! A store as every language is given it: arguments are checked, and errors say what was asked.

use super::failure::Failure;
use super::selection::Selection;
use super::watch::Watch;
use crate::info::StoreInfo;
use crate::kv::key::{check_key, check_named, check_prefix};
use crate::kv::{
    KvError, KvFound, KvPurge, KvReader, KvRecord, KvTtl, KvWatcher, KvWriter, VersionToken,
    WatchCursor, check_duration,
};
use crate::lifecycle::deadline::Deadlines;
use crate::lifecycle::lease::Own;
use crate::store::KvStore;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// One store: reads, writes, compare-and-swap and watches.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    backend: Own<Backend>,
}

/// What a store offers.
struct Backend {
    store: Arc<dyn KvStore>,
    reader: Arc<dyn KvReader>,
    watcher: Option<Arc<dyn KvWatcher>>,
    writer: Option<Arc<dyn KvWriter>>,
    ttl: Option<Arc<dyn KvTtl>>,
    purge: Option<Arc<dyn KvPurge>>,
    deadlines: Deadlines,
    /// True if the store ends its reads and writes by itself, no later than these deadlines would.
    is_timed: bool,
}

impl Store {
    /// Wraps a store of any backend. `timeout` is the deadline of one operation (L3).
    pub fn new(store: Arc<dyn KvStore>, timeout: Duration) -> Self {
        let backend = Backend {
            reader: store.reader(),
            watcher: store.watcher(),
            writer: store.writer(),
            ttl: store.ttl_writer(),
            purge: store.purge_writer(),
            deadlines: Deadlines::new(timeout),
            is_timed: store.time_limit().is_some_and(|limit| limit <= timeout),
            store,
        };
        let inner = Inner { name: backend.store.name().to_owned(), backend: Own::new(backend) };
        Self { inner: Arc::new(inner) }
    }

    /// The store's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The live entry of `key`, or nothing (R1).
    pub async fn get(&self, key: &str) -> Result<Option<KvRecord>, Failure> {
        self.read("get", key, async { self.backend()?.reader.get_record(key).await }).await
    }

    /// [`get`](Self::get) where no waiting is needed: the version, with the value in `value`. `None`
    /// if the store has to wait, and is to be asked with `get`.
    pub fn get_now(
        &self,
        key: &str,
        value: &mut Vec<u8>,
    ) -> Option<Result<Option<KvFound>, Failure>> {
        value.clear();
        let checked = self.backend().and_then(|backend| check_named(key).map(|()| backend));
        let answer = match checked {
            Ok(backend) => backend.reader.get_now(key, value)?,
            Err(error) => Err(error),
        };
        Some(answer.map_err(|error| self.failure(error, "get").of_key(key)))
    }

    /// What [`get`](Self::get) finds for each of `keys`, in their order (R1); asked for at once
    /// where the store can do that. One bad key, and nothing is asked for.
    pub async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<KvRecord>>, Failure> {
        let refused = keys.iter().copied().find(|key| check_named(key).is_err());
        let argument = refused.map_or(Ok(()), check_named);
        let read = async { self.backend()?.reader.get_many_records(keys).await };
        self.checked(argument, read).await.map_err(|error| {
            let failure = self.failure(error, "get_many");
            match refused {
                Some(key) => failure.of_key(key),
                None => failure,
            }
        })
    }

    /// The raw last record of `key`, which may be a tombstone (R3).
    pub async fn entry(&self, key: &str) -> Result<Option<KvRecord>, Failure> {
        self.read("entry", key, async { self.backend()?.reader.entry_record(key).await }).await
    }

    /// Every live key with this prefix, sorted (R4).
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        self.list("keys", prefix, async { self.backend()?.reader.keys(prefix).await }).await
    }

    /// Every live entry whose key has this prefix, sorted by key (R4).
    pub async fn scan(&self, prefix: &str) -> Result<Vec<KvRecord>, Failure> {
        self.list("scan", prefix, async { self.backend()?.reader.scan_records(prefix).await }).await
    }

    /// Writes unconditionally (W1), for `ttl` if one is given (W5). An empty value is a value
    /// (R2).
    pub async fn put(
        &self,
        key: &str,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<VersionToken, Failure> {
        let write = async {
            match ttl {
                None => self.writer()?.put(key, value).await,
                Some(ttl) => self.ttl(ttl)?.put_with_ttl(key, value, ttl).await,
            }
        };
        self.write("put", key, check_key(key), write).await
    }

    /// Writes where there is no live value, else `AlreadyExists` (W1).
    pub async fn create(
        &self,
        key: &str,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<VersionToken, Failure> {
        let write = async {
            match ttl {
                None => self.writer()?.create(key, value).await,
                Some(ttl) => self.ttl(ttl)?.create_with_ttl(key, value, ttl).await,
            }
        };
        self.write("create", key, check_key(key), write).await
    }

    /// Writes if `expected` is the current version, else `RevisionMismatch` (W2).
    pub async fn update(
        &self,
        key: &str,
        value: &[u8],
        expected: &VersionToken,
        ttl: Option<Duration>,
    ) -> Result<VersionToken, Failure> {
        let write = async {
            match ttl {
                None => self.writer()?.update(key, value, expected).await,
                Some(ttl) => self.ttl(ttl)?.update_with_ttl(key, value, expected, ttl).await,
            }
        };
        self.write("update", key, check_named(key), write).await
    }

    /// Deletes the key, leaving a tombstone; idempotent (W3).
    pub async fn delete(&self, key: &str) -> Result<bool, Failure> {
        let write = async { self.writer()?.delete(key).await };
        self.write("delete", key, check_named(key), write).await
    }

    /// Deletes the key if `expected` is its current version, else `RevisionMismatch` (W3).
    pub async fn delete_with_version(
        &self,
        key: &str,
        expected: &VersionToken,
    ) -> Result<bool, Failure> {
        let write = async { self.writer()?.delete_with_version(key, expected).await };
        self.write("delete_with_version", key, check_named(key), write).await
    }

    /// Drops the key's value and history (W4).
    pub async fn purge(&self, key: &str) -> Result<(), Failure> {
        let write = async {
            let purge = self.backend()?.purge.as_ref();
            purge.ok_or_else(|| absent("purge"))?.purge(key).await
        };
        self.write("purge", key, check_named(key), write).await
    }

    /// How much the store holds, and its limits as they are (R7).
    pub async fn info(&self) -> Result<StoreInfo, Failure> {
        let told = self.checked(Ok(()), async { self.backend()?.store.info().await });
        told.await.map_err(|error| self.failure(error, "info"))
    }

    /// Watches a selection of keys, which may be an array of prefixes: all of their state first,
    /// or what came after `cursor` (section S), which a watch or an update handed out (V6). A
    /// selection of nothing ends at once (S6).
    ///
    /// ```no_run
    /// # use slipstream::WatchCursor;
    /// # use slipstream::handle::{Failure, Selection, Store};
    /// # fn watch(store: &Store) -> Result<(), Failure> {
    /// let fresh = WatchCursor::none();
    /// let all = store.watch(Selection::Everything, &fresh)?;
    /// let nodes = store.watch(&["node.a.", "node.b."], &fresh)?;
    /// let keys = vec!["config".to_owned()];
    /// let config = store.watch(Selection::new(None, Some(keys)), &fresh)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(
        &self,
        selection: impl Into<Selection>,
        cursor: &WatchCursor,
    ) -> Result<Watch, Failure> {
        let selection = selection.into();
        let open = || {
            let Backend { watcher, deadlines, .. } = self.backend()?;
            let keys = selection.key_set()?;
            cursor.check_enveloped()?;
            let watcher = watcher.clone().ok_or_else(|| absent("watch"))?;
            Watch::open(watcher, keys, cursor, self.name(), deadlines.clone())
        };
        open().map_err(|error| {
            let failure = self.failure(error, "watch");
            match selection.refused_key() {
                Some(key) => failure.of_key(key),
                None => failure,
            }
        })
    }

    async fn read<T>(
        &self,
        operation: &'static str,
        key: &str,
        read: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, Failure> {
        self.checked(check_named(key), read)
            .await
            .map_err(|error| self.failure(error, operation).of_key(key))
    }

    async fn list<T>(
        &self,
        operation: &'static str,
        prefix: &str,
        read: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, Failure> {
        self.checked(check_prefix(prefix), read)
            .await
            .map_err(|error| self.failure(error, operation))
    }

    async fn write<T>(
        &self,
        operation: &'static str,
        key: &str,
        argument: Result<(), KvError>,
        write: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, Failure> {
        self.checked(argument, write)
            .await
            .map_err(|error| self.failure(error, operation).of_key(key).of_write())
    }

    fn failure(&self, error: KvError, operation: &'static str) -> Failure {
        Failure::new(error, operation).in_store(self.name()).made_in(self.inner.backend.owner())
    }

    async fn checked<T>(
        &self,
        argument: Result<(), KvError>,
        operation: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, KvError> {
        let backend = self.backend()?;
        argument?;
        match backend.is_timed {
            true => operation.await,
            false => backend.deadlines.keep(operation).await,
        }
    }

    fn backend(&self) -> Result<&Backend, KvError> {
        Ok(self.inner.backend.get()?)
    }

    fn writer(&self) -> Result<&Arc<dyn KvWriter>, KvError> {
        self.backend()?.writer.as_ref().ok_or_else(|| absent("writes"))
    }

    fn ttl(&self, ttl: Duration) -> Result<&Arc<dyn KvTtl>, KvError> {
        check_duration("ttl", ttl)?;
        self.backend()?.ttl.as_ref().ok_or_else(|| absent("ttl"))
    }
}

fn absent(capability: &str) -> KvError {
    KvError::OperationFailed(format!("this store does not support {capability}"))
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("name", &self.inner.name).finish_non_exhaustive()
    }
}
