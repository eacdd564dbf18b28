//! A connection, awaited or blocking, and `connect`, which opens one.

use crate::answer;
use crate::argument::{self, Text};
use crate::failure;
use crate::record::no_record;
use crate::runtime::{Mode, Operation, Task, Then};
use crate::store::StoreHandle;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use slipstream::NatsOptions;
use slipstream::handle::{self, ConnectOptions, Session};
use slipstream_bridge::{self as bridge, Counted, Kind, Value};
use std::path::PathBuf;

/// The methods that both kinds of connection have.
#[pyclass(frozen, subclass, module = "slipstream")]
pub(crate) struct ConnectionHandle {
    session: Counted<Session>,
    mode: Mode,
}

/// An open connection: a way to stores. ``slipstream.connect`` opens one.
///
/// It is an async context manager that closes itself.
///
/// >>> async with slipstream.connect("memory:") as conn:
/// ...     store = await conn.store("nodes")
#[pyclass(frozen, extends = ConnectionHandle, module = "slipstream")]
pub(crate) struct Connection;

/// An open connection whose calls block: ``slipstream.sync.connect`` opens one.
///
/// It is a context manager that closes itself. Any number of threads may use it.
///
/// >>> with slipstream.sync.connect("memory:") as conn:
/// ...     store = conn.store("nodes")
#[pyclass(frozen, extends = ConnectionHandle, name = "Connection", module = "slipstream.sync")]
pub(crate) struct SyncConnection;

/// Connects on behalf of `slipstream.connect`, and of `slipstream.sync.connect` with `blocking`.
#[pyfunction]
#[pyo3(signature = (url, *, blocking, timeout, connect_timeout, wait=None,
                    creds=None, creds_file=None,
                    nkey=None, token=None, user=None, password=None, tls_ca=None, tls_cert=None,
                    tls_key=None, tls_first=false, stale_reads=false, client_name=None))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn connect(
    py: Python<'_>,
    url: Text,
    blocking: bool,
    timeout: &Bound<'_, PyAny>,
    connect_timeout: &Bound<'_, PyAny>,
    wait: Option<&Bound<'_, PyAny>>,
    creds: Option<Text>,
    creds_file: Option<PathBuf>,
    nkey: Option<Text>,
    token: Option<Text>,
    user: Option<Text>,
    password: Option<Text>,
    tls_ca: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    tls_first: bool,
    stale_reads: bool,
    client_name: Option<Text>,
) -> PyResult<Py<PyAny>> {
    let options = ConnectOptions {
        timeout: argument::duration("connect", "timeout", timeout)?,
        connect_timeout: argument::duration("connect", "connect_timeout", connect_timeout)?,
        wait: wait.map(|wait| argument::duration("connect", "wait", wait)).transpose()?,
        backend: NatsOptions {
            creds: creds.map(String::from),
            creds_file,
            nkey: nkey.map(String::from),
            token: token.map(String::from),
            user: user.map(String::from),
            password: password.map(String::from),
            tls_ca,
            tls_cert,
            tls_key,
            tls_first,
            stale_reads,
            client_name: client_name.map(String::from),
        }
        .into(),
    };
    let mode = if blocking { Mode::Blocking } else { Mode::Awaited };
    let connecting = async move { handle::connect(&url.0, options).await.map(Value::Session) };
    let then = Then::new(move |py, value| ConnectionHandle::make(py, value, mode));
    mode.run(py, "connect", Operation::lengthy(connecting, then))
}

impl ConnectionHandle {
    /// The connection that was opened, as Python is given it.
    fn make(py: Python<'_>, opened: Value, mode: Mode) -> PyResult<Py<PyAny>> {
        let Value::Session(session) = opened else { return Ok(py.None()) };
        let handle =
            PyClassInitializer::from(Self { session: Counted::new(Kind::Session, session), mode });
        match mode {
            Mode::Awaited => Ok(Py::new(py, handle.add_subclass(Connection))?.into_any()),
            Mode::Blocking => Ok(Py::new(py, handle.add_subclass(SyncConnection))?.into_any()),
        }
    }

    fn shut(&self, py: Python<'_>, name: &'static str) -> PyResult<Py<PyAny>> {
        let session = (*self.session).clone();
        let closing = async move { session.close().await.map(|()| Value::Unit) };
        self.mode.run(py, name, Operation::lengthy(closing, Then::new(answer::python)))
    }
}

#[pymethods]
impl ConnectionHandle {
    /// Open the store of this name, creating it if it is missing (rule L2).
    ///
    /// What is left out is unlimited, and one for history and replicas. An existing store is
    /// opened as it is.
    ///
    /// name: 1 to 64 of A-Z a-z 0-9 - _ (rule K3)
    /// storage: "persistent" or "memory"
    /// max_history: versions kept of each key, 1 to 64
    /// max_age: how long an entry lives unless written again; seconds or a timedelta
    /// max_bytes: the size of all keys and values
    /// num_replicas: servers that keep a copy, 1 to 5
    /// discard: what a full store does: "new" refuses the write, "old" evicts the oldest
    /// create: whether a missing store is made; if not, it is StoreNotFound (R7)
    ///
    /// Raises InvalidArgument before anything is created, StoreNotFound, NotConnected, Timeout.
    ///
    /// >>> store = await conn.store("nodes", max_bytes=1_000_000)
    /// >>> store = await conn.store("nodes", create=False)
    #[pyo3(signature = (name, *, storage=None, max_history=None, max_age=None, max_bytes=None,
                        num_replicas=None, discard=None, create=true))]
    #[allow(clippy::too_many_arguments)]
    fn store(
        &self,
        py: Python<'_>,
        name: Text,
        storage: Option<Text>,
        max_history: Option<&Bound<'_, PyAny>>,
        max_age: Option<&Bound<'_, PyAny>>,
        max_bytes: Option<&Bound<'_, PyAny>>,
        num_replicas: Option<&Bound<'_, PyAny>>,
        discard: Option<Text>,
        create: bool,
    ) -> PyResult<Py<PyAny>> {
        let config = bridge::store_config(
            &name.0,
            storage.as_ref().map(|word| word.0.as_str()),
            argument::number("max_history", max_history)?,
            max_age.map(|age| argument::duration("store", "max_age", age)).transpose()?,
            argument::number("max_bytes", max_bytes)?,
            argument::number("num_replicas", num_replicas)?,
            discard.as_ref().map(|word| word.0.as_str()),
            Some(create),
        )
        .map_err(|error| failure::refuse(py, error, "store"))?;
        let session = (*self.session).clone();
        let opening = async move { session.store(config).await.map(Value::Store) };
        let mode = self.mode;
        let then = Then::new(move |py, value| StoreHandle::make(py, value, mode));
        mode.run(py, "Connection.store", Operation::lengthy(opening, then))
    }

    /// The names of the stores that there are, sorted (rule R7).
    ///
    /// Raises NotConnected, Timeout.
    ///
    /// >>> await conn.stores()
    /// ['nodes']
    fn stores(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let session = (*self.session).clone();
        let listing = async move { session.stores().await.map(Value::Keys) };
        let then = Then::new(answer::python);
        self.mode.run(py, "Connection.stores", Operation::lengthy(listing, then))
    }

    /// Delete the store of this name with all that is in it (rule R7).
    ///
    /// Its open watches raise WatchError, calls of its handles StoreNotFound, and its cursors
    /// CursorExpired, also once a store of this name is made anew: open that one to use it.
    ///
    /// Raises StoreNotFound if there is none, InvalidArgument, NotConnected, PermissionDenied,
    /// Timeout.
    ///
    /// >>> await conn.delete_store("nodes")
    fn delete_store(&self, py: Python<'_>, name: Text) -> PyResult<Py<PyAny>> {
        let session = (*self.session).clone();
        let deleting = async move { session.delete_store(&name.0).await.map(|()| Value::Unit) };
        let then = Then::new(answer::python);
        self.mode.run(py, "Connection.delete_store", Operation::lengthy(deleting, then))
    }

    /// Close the connection: open watches end and every handle of it raises NotConnected
    /// (rule L5). Twice is fine.
    ///
    /// >>> await conn.close()
    fn close(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.shut(py, "Connection.close")
    }

    /// Whether the connection works right now (rule L1).
    ///
    /// >>> conn.is_healthy()
    /// True
    fn is_healthy(&self) -> bool {
        self.session.is_healthy()
    }

    /// What stores on this connection can do, as ConnectionCapabilities.
    ///
    /// >>> conn.capabilities().ttl
    /// True
    fn capabilities<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let can = self.session.capabilities();
        let fields = PyDict::new(py);
        fields.set_item("streaming_watch", can.streaming_watch)?;
        fields.set_item("prefix_watch", can.prefix_watch)?;
        fields.set_item("ttl", can.ttl)?;
        fields.set_item("purge", can.purge)?;
        fields.set_item("cas", can.cas)?;
        fields.set_item("transactions", can.transactions)?;
        fields.set_item("global_ordering", can.global_ordering)?;
        fields.set_item("max_value_size", can.max_value_size)?;
        let class = py.import("slipstream.capabilities")?.getattr("ConnectionCapabilities")?;
        class.call((), Some(&fields))
    }

    /// Where this connection leads, without a password or token.
    #[getter]
    fn url(&self) -> &str {
        self.session.url()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let state = if slf.get().is_healthy() { "" } else { " (not connected)" };
        let url = slf.get().url();
        Ok(format!("<{} to {url:?}{state}>", slf.get_type().fully_qualified_name()?))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        no_record(slf)
    }
}

#[pymethods]
impl Connection {
    fn __aenter__(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Mode::Awaited.run(py, "Connection.__aenter__", Task::Answer(slf.into_any()))
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__(slf: &Bound<'_, Self>, _exception: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        slf.as_super().get().shut(slf.py(), "Connection.__aexit__")
    }
}

#[pymethods]
impl SyncConnection {
    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(slf: &Bound<'_, Self>, _exception: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        slf.as_super().get().shut(slf.py(), "Connection.__exit__")
    }
}
