//! The records of what a watch tells: a put, a delete, a purge.

use crate::argument;
use crate::record::{self, Record, cursor_bytes, record, version_bytes};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use slipstream::kv::{PurgeReason, UpdateKind, UpdateRef, VersionToken, WatchCursor};

/// A watched key has a new value.
///
/// ``cursor`` is where a watch goes on once this update is handled (rule S4). It does not take
/// part in comparisons.
///
/// >>> match update:
/// ...     case slipstream.Put(key, value): table[key] = value
/// ...     case slipstream.Delete(key) | slipstream.Purge(key): table.pop(key, None)
#[pyclass(frozen, extends = Record, module = "slipstream")]
pub(crate) struct Put {
    value: Py<PyBytes>,
    change: Change,
}

/// A watched key was deleted.
#[pyclass(frozen, extends = Record, module = "slipstream")]
pub(crate) struct Delete {
    change: Change,
}

/// A watched key was purged with its history, or its time to live ended (rules W4, W5): ``reason``
/// is ``"purged"`` or ``"expired"``, None where the store does not say.
#[pyclass(frozen, extends = Record, module = "slipstream")]
pub(crate) struct Purge {
    change: Change,
    reason: PurgeReason,
}

/// What every update has.
struct Change {
    key: Py<PyString>,
    version: VersionToken,
    cursor: WatchCursor,
}

/// What an update is made of. Copying it out of a batch makes strings and bytes and nothing that
/// the garbage collector tracks, so no Python code runs meanwhile.
pub(crate) enum Parts {
    Put(Put),
    Delete(Delete),
    Purge(Purge),
}

impl Parts {
    /// Copies an update, with the position after it.
    pub(crate) fn copy(py: Python<'_>, update: UpdateRef<'_>, cursor: WatchCursor) -> Self {
        let key = PyString::new(py, update.key).unbind();
        let change = Change { key, version: update.version.clone(), cursor };
        match update.kind {
            UpdateKind::Put => {
                Self::Put(Put { value: PyBytes::new(py, update.value).unbind(), change })
            }
            UpdateKind::Delete => Self::Delete(Delete { change }),
            UpdateKind::Purge(reason) => Self::Purge(Purge { change, reason }),
        }
    }

    /// The update as Python is given it.
    pub(crate) fn make(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Put(put) => record::make(py, put),
            Self::Delete(delete) => record::make(py, delete),
            Self::Purge(purge) => record::make(py, purge),
        }
    }
}

impl Change {
    fn new(
        key: Py<PyString>,
        version: &Bound<'_, PyAny>,
        cursor: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let version = argument::version("watch", version)?;
        Ok(Self { key, version, cursor: argument::cursor(cursor)? })
    }
}

#[pymethods]
impl Put {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("key", "value", "version", "cursor");

    #[new]
    #[pyo3(signature = (key, value, version, cursor=None))]
    fn new(
        key: Py<PyString>,
        value: Py<PyBytes>,
        version: &Bound<'_, PyAny>,
        cursor: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        Ok(record(Self { value, change: Change::new(key, version, cursor)? }))
    }

    /// The key that has the value.
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> &Bound<'py, PyString> {
        self.change.key.bind(py)
    }

    /// The new value.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> &Bound<'py, PyBytes> {
        self.value.bind(py)
    }

    /// The version of the change.
    #[getter]
    fn version<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        version_bytes(py, &self.change.version)
    }

    /// The position after this update: what to resume from once it is handled (rule S4).
    #[getter]
    fn cursor<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        cursor_bytes(py, &self.change.cursor)
    }
}

/// The methods of an update that is a removal: its own, and the fields that both kinds have.
macro_rules! removal {
    ($removal:ident { $($own:tt)* }) => {
        #[pymethods]
        impl $removal {
            $($own)*

            /// The key that is gone.
            #[getter]
            fn key<'py>(&self, py: Python<'py>) -> &Bound<'py, PyString> {
                self.change.key.bind(py)
            }

            /// The version of the removal.
            #[getter]
            fn version<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                version_bytes(py, &self.change.version)
            }

            /// The position after this update: what to resume from once it is handled (rule S4).
            #[getter]
            fn cursor<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                cursor_bytes(py, &self.change.cursor)
            }
        }
    };
}

removal!(Delete {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("key", "version", "cursor");

    #[new]
    #[pyo3(signature = (key, version, cursor=None))]
    fn new(
        key: Py<PyString>,
        version: &Bound<'_, PyAny>,
        cursor: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        Ok(record(Self { change: Change::new(key, version, cursor)? }))
    }
});

removal!(Purge {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("key", "version", "cursor", "reason");

    #[new]
    #[pyo3(signature = (key, version, cursor=None, reason=None))]
    fn new(
        key: Py<PyString>,
        version: &Bound<'_, PyAny>,
        cursor: Option<&Bound<'_, PyAny>>,
        reason: Option<&str>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let reason = match reason {
            Some("purged") => PurgeReason::Purged,
            Some("expired") => PurgeReason::Expired,
            _ => PurgeReason::Unknown,
        };
        Ok(record(Self { change: Change::new(key, version, cursor)?, reason }))
    }

    /// Why the key is gone: ``"purged"``, ``"expired"``, or None where the store does not say.
    #[getter]
    fn reason(&self) -> Option<&'static str> {
        match self.reason {
            PurgeReason::Purged => Some("purged"),
            PurgeReason::Expired => Some("expired"),
            _ => None,
        }
    }
});
