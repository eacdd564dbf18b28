//! A watch, awaited or blocking, update by update or in batches.

use crate::answer;
use crate::failure;
use crate::record::{cursor_bytes, no_record};
use crate::runtime::{Begun, Mode, Operation, Question, Task, Then};
use crate::update::Parts;
use pyo3::exceptions::PyResourceWarning;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyNone, PyTuple};
use slipstream::handle::{Failure, Watch as Handle};
use slipstream::kv::KvError;
use slipstream_bridge::{Counted, Kind, Value, WatchBuffer};
use std::ffi::CString;

/// What both kinds of watch have.
#[pyclass(frozen, subclass, module = "slipstream")]
pub(crate) struct WatchHandle {
    buffer: Counted<WatchBuffer>,
    store: String,
    mode: Mode,
    opened: Origin,
}

/// A watch: an async iterator of ``Put``, ``Delete`` and ``Purge``. ``Store.watch`` opens one.
///
/// Left by ``break`` it may be iterated again and goes on where it stood, until it is closed; as
/// an async context manager it closes itself. One reader at a time: a second one raises
/// OperationFailed.
///
/// >>> async with store.watch("node.") as watch:
/// ...     async for update in watch:
/// ...         print(update)
#[pyclass(frozen, extends = WatchHandle, module = "slipstream")]
pub(crate) struct Watch;

/// A watch: an iterator of ``Put``, ``Delete`` and ``Purge`` that blocks until there is one.
/// ``slipstream.sync.Store.watch`` opens one.
///
/// Left by ``break`` it may be iterated again and goes on where it stood, until it is closed; as
/// a context manager it closes itself. One reader at a time: a second one raises
/// OperationFailed. Another thread may close it, and then iteration ends.
///
/// >>> with store.watch("node.") as watch:
/// ...     for update in watch:
/// ...         print(update)
#[pyclass(frozen, extends = WatchHandle, name = "Watch", module = "slipstream.sync")]
pub(crate) struct SyncWatch;

/// An async iterator of lists: the updates of a watch that are there at once.
#[pyclass(frozen, module = "slipstream")]
pub(crate) struct Batches {
    watch: Py<WatchHandle>,
}

/// An iterator of lists: the updates of a watch that are there at once.
#[pyclass(frozen, name = "Batches", module = "slipstream.sync")]
pub(crate) struct SyncBatches {
    watch: Py<WatchHandle>,
}

/// The next update of a watch.
struct NextUpdate;

/// The updates of a watch that are there at once.
struct NextBatch;

/// The line of Python that opened a watch.
struct Origin {
    file: String,
    line: u32,
}

impl WatchHandle {
    /// The watch as Python is given it.
    pub(crate) fn make(
        py: Python<'_>,
        watch: Handle,
        store: &str,
        mode: Mode,
    ) -> PyResult<Py<PyAny>> {
        let buffer = Counted::new(Kind::Watch, WatchBuffer::new(watch));
        let handle = PyClassInitializer::from(Self {
            buffer,
            store: store.to_owned(),
            mode,
            opened: Origin::here(py)?,
        });
        match mode {
            Mode::Awaited => Ok(Py::new(py, handle.add_subclass(Watch))?.into_any()),
            Mode::Blocking => Ok(Py::new(py, handle.add_subclass(SyncWatch))?.into_any()),
        }
    }

    /// Ends the watch at the end of its block, which waits for no server.
    fn leave(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.buffer.cancel();
        self.mode.run(py, "Watch.close", Task::Answer(py.None()))
    }

    /// The next update, if one is there.
    fn take(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        // The buffer is locked while an update is copied out of it, and no more.
        let parts = self.buffer.take(|update, cursor| Parts::copy(py, update, cursor))?;
        Some(parts.make(py))
    }

    /// The list of all updates that are there, if there are any.
    fn take_all(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        let (batch, first) = self.buffer.take_all()?;
        let updates = (first..batch.len())
            .filter_map(|i| Some(Parts::copy(py, batch.get(i)?, batch.cursor_after(i)).make(py)));
        let list = updates.collect::<PyResult<Vec<_>>>();
        Some(list.and_then(|list| Ok(PyList::new(py, list)?.into_any().unbind())))
    }
}

#[pymethods]
impl WatchHandle {
    /// Wait until the first state is complete (rule S3), also for an empty store: every update of
    /// it was handed out, or waits in memory to be handed out next. With a cursor: until the
    /// watch has caught up with the store.
    ///
    /// Raises CursorExpired, NotConnected, WatchError if the watch is closed first.
    ///
    /// >>> await watch.synced()
    fn synced(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let watch = self.buffer.watch().clone();
        let synced = async move { watch.synced().await.map(|()| Value::Unit) };
        self.mode.run(py, "Watch.synced", Operation::lengthy(synced, Then::new(answer::python)))
    }

    /// Whether the first state is complete (rule S3).
    #[getter]
    fn is_synced(&self) -> bool {
        self.buffer.is_synced()
    }

    /// The position after the last update handed out, as bytes to save (rule S4). Saved after an
    /// update is handled and given to ``watch(cursor=...)``, nothing is lost and nothing that was
    /// handled is repeated.
    ///
    /// >>> saved = watch.cursor
    #[getter]
    fn cursor<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let cursor = self.buffer.cursor().ok_or_else(|| {
            let mut failure = Failure::new(KvError::NotConnected, "cursor");
            failure.inherited = true;
            failure::raise(py, failure)
        })?;
        Ok(cursor_bytes(py, &cursor))
    }

    /// Close the watch at once, and free what is behind it (rule S9). Iteration ends. Twice is
    /// fine. What it returns need not be awaited: awaited, it waits until nothing is left of the
    /// watch on a server, and raises what says why something stays there.
    ///
    /// >>> watch.close()
    fn close(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.buffer.cancel();
        let closed = (*self.buffer).clone().close();
        self.mode.run(py, "Watch.close", Operation::begun(closed, Then::new(answer::python)))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let state = if slf.get().is_synced() { ", synced" } else { "" };
        let class = slf.get_type().fully_qualified_name()?;
        Ok(format!("<{class} of {:?}{state}>", slf.get().store))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        no_record(slf)
    }
}

#[pymethods]
impl Watch {
    /// The same updates as lists: whatever is there at once, and at least one.
    ///
    /// >>> async for updates in watch.batches():
    /// ...     handle_all(updates)
    fn batches(slf: Py<Self>, py: Python<'_>) -> Batches {
        Batches { watch: slf.into_bound(py).into_super().unbind() }
    }

    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __anext__(slf: Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        read::<NextUpdate>(slf.py(), Mode::Awaited, slf.clone().into_super().unbind())
    }

    fn __aenter__(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Mode::Awaited.run(py, "Watch.__aenter__", Task::Answer(slf.into_any()))
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__(slf: &Bound<'_, Self>, _exception: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        slf.as_super().get().leave(slf.py())
    }
}

#[pymethods]
impl SyncWatch {
    /// The same updates as lists: whatever is there at once, and at least one.
    ///
    /// >>> for updates in watch.batches():
    /// ...     handle_all(updates)
    fn batches(slf: Py<Self>, py: Python<'_>) -> SyncBatches {
        SyncBatches { watch: slf.into_bound(py).into_super().unbind() }
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(slf: Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        read::<NextUpdate>(slf.py(), Mode::Blocking, slf.clone().into_super().unbind())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(slf: &Bound<'_, Self>, _exception: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        slf.as_super().get().leave(slf.py())
    }
}

#[pymethods]
impl Batches {
    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __anext__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        read::<NextBatch>(py, Mode::Awaited, self.watch.clone_ref(py))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        no_record(slf)
    }
}

#[pymethods]
impl SyncBatches {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        read::<NextBatch>(py, Mode::Blocking, self.watch.clone_ref(py))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        no_record(slf)
    }
}

impl Drop for WatchHandle {
    fn drop(&mut self) {
        if !self.buffer.is_ended() {
            Python::try_attach(|py| self.opened.warn(py, &self.store));
        }
    }
}

impl Origin {
    fn here(py: Python<'_>) -> PyResult<Self> {
        let frame = py.import(intern!(py, "sys"))?.call_method0(intern!(py, "_getframe"))?;
        let code = frame.getattr(intern!(py, "f_code"))?;
        let file = code.getattr(intern!(py, "co_filename"))?.extract()?;
        let line: Option<u32> = frame.getattr(intern!(py, "f_lineno"))?.extract()?;
        Ok(Self { file, line: line.unwrap_or_default() })
    }

    /// Warns that what was opened here was not closed.
    fn warn(&self, py: Python<'_>, store: &str) {
        // An object may be freed while an exception is on its way, which is kept.
        let raised = PyErr::take(py);
        let (file, line) = (&self.file, self.line);
        let text = format!("unclosed watch of store {store:?}, opened at {file}:{line}");
        if let (Ok(text), Ok(file)) = (CString::new(text), CString::new(file.as_str())) {
            let category = py.get_type::<PyResourceWarning>();
            let line = i32::try_from(line).unwrap_or_default();
            let warned = PyErr::warn_explicit(py, &category, &text, &file, line, None, None);
            warned.unwrap_or_else(|error| error.write_unraisable(py, None));
        }
        if let Some(raised) = raised {
            raised.restore(py);
        }
    }
}

impl Question for NextUpdate {
    type Object = WatchHandle;
    type Argument = PyNone;
    const MUST_BE_AWAITED: bool = false;

    fn ask(watch: Bound<'_, WatchHandle>, _: Bound<'_, PyNone>) -> PyResult<Begun> {
        take_or_wait(watch, WatchHandle::take)
    }
}

impl Question for NextBatch {
    type Object = WatchHandle;
    type Argument = PyNone;
    const MUST_BE_AWAITED: bool = false;

    fn ask(watch: Bound<'_, WatchHandle>, _: Bound<'_, PyNone>) -> PyResult<Begun> {
        take_or_wait(watch, WatchHandle::take_all)
    }
}

type Take = fn(&WatchHandle, Python<'_>) -> Option<PyResult<Py<PyAny>>>;

/// Takes what is there, or begins to wait until there is something to take.
fn take_or_wait(watch: Bound<'_, WatchHandle>, take: Take) -> PyResult<Begun> {
    let py = watch.py();
    let turn = watch.get().buffer.turn().map_err(|error| failure::raise(py, error))?;
    if let Some(answer) = take(watch.get(), py) {
        return answer.map(Begun::Answered);
    }
    let fill = (*watch.get().buffer).clone().fill();
    let watch = watch.unbind();
    let then = Then::new(move |py, value| {
        let _turn = turn;
        if let (Value::Bool(true), Some(answer)) = (value, take(watch.get(), py)) {
            return answer;
        }
        Err(watch.get().mode.end_of_iteration())
    });
    Operation::lengthy(fill, then).begin(py)
}

fn read<Q>(py: Python<'_>, mode: Mode, watch: Py<WatchHandle>) -> PyResult<Py<PyAny>>
where
    Q: Question<Object = WatchHandle, Argument = PyNone>,
{
    mode.run(py, "Watch.__anext__", Task::ask::<Q>(watch, PyNone::get(py).to_owned().unbind()))
}
