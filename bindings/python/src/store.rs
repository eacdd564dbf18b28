//! A store, awaited or blocking: reads, writes, and the opening of watches.

use crate::answer;
use crate::argument::{self, Text};
use crate::entry::{Entry, Known};
use crate::failure;
use crate::record::no_record;
use crate::runtime::{Begun, Mode, Operation, Question, Task, Then};
use crate::watch::WatchHandle;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use slipstream::handle::Store as Handle;
use slipstream_bridge::{Counted, Kind, Outcome, Value};
use std::cell::Cell;
use std::future::Future;

/// The methods that both kinds of store have.
#[pyclass(frozen, subclass, module = "slipstream")]
pub(crate) struct StoreHandle {
    store: Counted<Handle>,
    mode: Mode,
}

/// One store: reads, writes, compare-and-swap and watches. ``Connection.store`` opens one.
///
/// >>> store = await conn.store("nodes")
/// >>> version = await store.put("node.a", b"10.0.0.1")
/// >>> version = await store.update("node.a", b"10.0.0.2", version)
/// >>> await store.get("node.a")
/// Entry(key='node.a', value=b'10.0.0.2', version=b'...')
#[pyclass(frozen, extends = StoreHandle, module = "slipstream")]
pub(crate) struct Store;

/// One store whose calls block: reads, writes, compare-and-swap and watches.
/// ``slipstream.sync.Connection.store`` opens one. Ctrl-C interrupts every call.
///
/// >>> store = conn.store("nodes")
/// >>> version = store.put("node.a", b"10.0.0.1")
/// >>> version = store.update("node.a", b"10.0.0.2", version)
/// >>> store.get("node.a")
/// Entry(key='node.a', value=b'10.0.0.2', version=b'...')
#[pyclass(frozen, extends = StoreHandle, name = "Store", module = "slipstream.sync")]
pub(crate) struct SyncStore;

/// What a store has for a key.
struct Get;

impl StoreHandle {
    /// The store that was opened, as Python is given it.
    pub(crate) fn make(py: Python<'_>, opened: Value, mode: Mode) -> PyResult<Py<PyAny>> {
        let Value::Store(store) = opened else { return Ok(py.None()) };
        let handle =
            PyClassInitializer::from(Self { store: Counted::new(Kind::Store, store), mode });
        match mode {
            Mode::Awaited => Ok(Py::new(py, handle.add_subclass(Store))?.into_any()),
            Mode::Blocking => Ok(Py::new(py, handle.add_subclass(SyncStore))?.into_any()),
        }
    }

    /// The live entry of a key, or the operation that waits for it.
    fn find(&self, py: Python<'_>, key: Py<PyString>) -> PyResult<Begun> {
        thread_local! {
            static VALUE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
        }
        /// Larger values are not worth keeping the memory for.
        const KEPT: usize = 1 << 16;
        let mut value = VALUE.take();
        let found = self.store.get_now(&key.bind(py).to_string_lossy(), &mut value);
        let answer = match found {
            Some(Ok(Some(found))) => {
                Entry::of(py, key, &value, Known::found(found)).map(Begun::Answered)
            }
            Some(Ok(None)) => Ok(Begun::Answered(py.None())),
            Some(Err(error)) => Err(failure::raise(py, error)),
            None => {
                let (store, key) = ((*self.store).clone(), key.to_string_lossy(py).into_owned());
                let getting = async move { store.get(&key).await.map(Value::Entry) };
                Operation::new(getting, Then::new(answer::python)).begin(py)
            }
        };
        if value.capacity() <= KEPT {
            VALUE.set(value);
        }
        answer
    }

    fn run<F>(
        &self,
        py: Python<'_>,
        name: &'static str,
        operation: impl FnOnce(Handle) -> F,
    ) -> PyResult<Py<PyAny>>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let operation = operation((*self.store).clone());
        self.mode.run(py, name, Operation::new(operation, Then::new(answer::python)))
    }

    fn list<F>(
        &self,
        py: Python<'_>,
        name: &'static str,
        operation: impl FnOnce(Handle) -> F,
    ) -> PyResult<Py<PyAny>>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let operation = operation((*self.store).clone());
        self.mode.run(py, name, Operation::lengthy(operation, Then::new(answer::python)))
    }
}

impl Question for Get {
    type Object = StoreHandle;
    type Argument = PyString;
    const MUST_BE_AWAITED: bool = true;

    fn ask(store: Bound<'_, StoreHandle>, key: Bound<'_, PyString>) -> PyResult<Begun> {
        store.get().find(store.py(), key.unbind())
    }
}

#[pymethods]
impl StoreHandle {
    /// The live entry of a key, or None (rule R1). A missing key is never an error.
    ///
    /// Raises InvalidArgument, NotConnected, Timeout.
    ///
    /// >>> entry = await store.get("node.a")
    fn get(slf: Bound<'_, Self>, key: Py<PyString>) -> PyResult<Py<PyAny>> {
        let (py, mode) = (slf.py(), slf.get().mode);
        mode.run(py, "Store.get", Task::ask::<Get>(slf.unbind(), key))
    }

    /// What get finds for each of these keys, in their order: a list of entries, with None where
    /// there is none (rule R1). Cheaper than as many calls: a store that can is asked for all of
    /// them at once. Others may write between the reads of two keys.
    ///
    /// keys: any iterable of keys; one may be there twice
    ///
    /// Raises InvalidArgument if a key breaks rule K4, and reads nothing then; NotConnected,
    /// Timeout.
    ///
    /// >>> first, second = await store.get_many(["node.a", "node.b"])
    fn get_many(&self, py: Python<'_>, keys: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let keys = argument::texts("keys", keys)?;
        let texts: Vec<String> =
            keys.iter().map(|key| key.to_string_lossy(py).into_owned()).collect();
        let store = (*self.store).clone();
        let reading = async move {
            let keys: Vec<&str> = texts.iter().map(String::as_str).collect();
            store.get_many(&keys).await.map(Value::Found)
        };
        let then = Then::new(|py, value| answer::found(py, value, keys));
        self.mode.run(py, "Store.get_many", Operation::lengthy(reading, then))
    }

    /// The raw last record of a key, which may be a tombstone with an empty value and its own
    /// version (rule R3). None if it was never written, was purged or has expired.
    ///
    /// Raises InvalidArgument, NotConnected, Timeout.
    ///
    /// >>> tombstone = await store.entry("node.a")
    fn entry(&self, py: Python<'_>, key: Text) -> PyResult<Py<PyAny>> {
        self.run(
            py,
            "Store.entry",
            |store| async move { store.entry(&key.0).await.map(Value::Entry) },
        )
    }

    /// How much the store holds, and its limits as they are, as StoreInfo (rule R7).
    ///
    /// In memory and in a file it costs about what ``get`` does. On NATS it counts the keys, which
    /// costs as much as ``keys``.
    ///
    /// Raises StoreNotFound, NotConnected, Timeout.
    ///
    /// >>> info = await store.info()
    /// >>> info.keys, info.limits.max_bytes
    /// (1, None)
    fn info(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let asking = |store: Handle| async move {
            store.info().await.map(|info| Value::Info(Box::new(info)))
        };
        self.list(py, "Store.info", asking)
    }

    /// Every live key with this prefix, sorted by bytes (rule R4). The empty prefix is every key.
    ///
    /// Raises InvalidArgument, NotConnected, Timeout.
    ///
    /// >>> await store.keys("node.")
    /// ['node.a']
    #[pyo3(signature = (prefix=Text::default()), text_signature = "($self, prefix='')")]
    fn keys(&self, py: Python<'_>, prefix: Text) -> PyResult<Py<PyAny>> {
        self.list(
            py,
            "Store.keys",
            |store| async move { store.keys(&prefix.0).await.map(Value::Keys) },
        )
    }

    /// Every live entry whose key has this prefix, sorted by key (rule R4). The empty prefix is
    /// everything.
    ///
    /// Raises InvalidArgument, NotConnected, Timeout.
    ///
    /// >>> {entry.key: entry.value for entry in await store.scan("node.")}
    /// {'node.a': b'10.0.0.1'}
    #[pyo3(signature = (prefix=Text::default()), text_signature = "($self, prefix='')")]
    fn scan(&self, py: Python<'_>, prefix: Text) -> PyResult<Py<PyAny>> {
        self.list(py, "Store.scan", |store| async move {
            store.scan(&prefix.0).await.map(Value::Entries)
        })
    }

    /// Write unconditionally and get the new version (rule W1). An empty value is a value: reads show it (R2).
    ///
    /// ttl: after this time the key is gone (W5); seconds or a timedelta
    ///
    /// Raises InvalidArgument, LimitExceeded, NotConnected, Timeout. After a Timeout the outcome
    /// is unknown (W6), and so it is when the call is cancelled.
    ///
    /// >>> version = await store.put("node.a", b"10.0.0.1", ttl=30)
    #[pyo3(signature = (key, value, *, ttl=None))]
    fn put(
        &self,
        py: Python<'_>,
        key: Text,
        value: &Bound<'_, PyAny>,
        ttl: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let value = argument::bytes("value", value)?;
        let ttl = argument::ttl("put", ttl)?;
        self.run(py, "Store.put", |store| async move {
            store.put(&key.0, &value, ttl).await.map(Value::Token)
        })
    }

    /// Write only where there is no live value, and get the new version (rule W1).
    ///
    /// ttl: after this time the key is gone (W5); seconds or a timedelta
    ///
    /// Raises AlreadyExists, InvalidArgument, LimitExceeded, NotConnected, Timeout.
    ///
    /// >>> lease = await store.create("lock", b"me", ttl=10)
    #[pyo3(signature = (key, value, *, ttl=None))]
    fn create(
        &self,
        py: Python<'_>,
        key: Text,
        value: &Bound<'_, PyAny>,
        ttl: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let value = argument::bytes("value", value)?;
        let ttl = argument::ttl("create", ttl)?;
        self.run(py, "Store.create", |store| async move {
            store.create(&key.0, &value, ttl).await.map(Value::Token)
        })
    }

    /// Write only if version is the key's current one, and get the new version (rule W2).
    ///
    /// version: from get, entry, a write or a watch, of any process and language (V3)
    /// ttl: after this time the key is gone (W5); seconds or a timedelta
    ///
    /// Raises RevisionMismatch, InvalidArgument also for a version of a wrong shape (V5),
    /// LimitExceeded, NotConnected, Timeout.
    ///
    /// >>> version = await store.update("node.a", b"10.0.0.2", entry.version)
    #[pyo3(signature = (key, value, version, *, ttl=None))]
    fn update(
        &self,
        py: Python<'_>,
        key: Text,
        value: &Bound<'_, PyAny>,
        version: &Bound<'_, PyAny>,
        ttl: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let value = argument::bytes("value", value)?;
        let version = argument::version("update", version)?;
        let ttl = argument::ttl("update", ttl)?;
        self.run(py, "Store.update", |store| async move {
            store.update(&key.0, &value, &version, ttl).await.map(Value::Token)
        })
    }

    /// Delete a key, leaving a tombstone; idempotent (rule W3). False where nothing was live,
    /// as far as the backend knows.
    ///
    /// Raises InvalidArgument, NotConnected, Timeout.
    ///
    /// >>> await store.delete("node.a")
    /// True
    fn delete(&self, py: Python<'_>, key: Text) -> PyResult<Py<PyAny>> {
        self.run(
            py,
            "Store.delete",
            |store| async move { store.delete(&key.0).await.map(Value::Bool) },
        )
    }

    /// Delete a key only if version is its current one (rules W2, W3).
    ///
    /// Raises RevisionMismatch, InvalidArgument also for a version of a wrong shape (V5),
    /// NotConnected, Timeout.
    ///
    /// >>> await store.delete_with_version("node.a", entry.version)
    /// True
    fn delete_with_version(
        &self,
        py: Python<'_>,
        key: Text,
        version: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let version = argument::version("delete_with_version", version)?;
        self.run(py, "Store.delete_with_version", |store| async move {
            store.delete_with_version(&key.0, &version).await.map(Value::Bool)
        })
    }

    /// Drop a key's value and history (rule W4). Purging an absent key is no error.
    ///
    /// Raises InvalidArgument, NotConnected, Timeout.
    ///
    /// >>> await store.purge("node.a")
    fn purge(&self, py: Python<'_>, key: Text) -> PyResult<Py<PyAny>> {
        self.run(py, "Store.purge", |store| async move {
            store.purge(&key.0).await.map(|()| Value::Unit)
        })
    }

    /// Watch every key, or those that have one of these prefixes, or exactly these keys: their
    /// state first and then every change (rule S1), or with a cursor only what came after it (S4).
    /// Prefixes and keys together are one watch of all of them, which tells each update once (S6).
    ///
    /// prefixes: each a str, or a list or another iterable of them; without any prefixes and keys
    /// it is every key, and an empty list is none, so that the watch ends at once
    /// keys: any iterable of keys, which are watched alone or beside the prefixes
    /// cursor: a saved ``watch.cursor`` or that of an update; None and b"" are no cursor
    ///
    /// Raises InvalidArgument and NotConnected here; the watch itself raises CursorExpired when
    /// changes after the cursor can no longer be told (S5), and NotConnected once the connection
    /// is closed.
    ///
    /// >>> async with store.watch("node.", cursor=saved) as watch:
    /// ...     async for update in watch:
    /// ...         handle(update)
    /// ...         saved = watch.cursor
    #[pyo3(signature = (*prefixes, keys=None, cursor=None))]
    fn watch(
        &self,
        py: Python<'_>,
        prefixes: &Bound<'_, PyTuple>,
        keys: Option<&Bound<'_, PyAny>>,
        cursor: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let cursor = argument::cursor(cursor)?;
        let watch = self.store.watch(argument::selection(prefixes, keys)?, &cursor);
        let watch = watch.map_err(|error| failure::raise(py, error))?;
        WatchHandle::make(py, watch, self.store.name(), self.mode)
    }

    /// The store's name.
    #[getter]
    fn name(&self) -> &str {
        self.store.name()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let class = slf.get_type().fully_qualified_name()?;
        Ok(format!("<{class} {:?}>", slf.get().store.name()))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        no_record(slf)
    }
}
