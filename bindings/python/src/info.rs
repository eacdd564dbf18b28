//! What a store is, as Python is given it.

use crate::record::version_bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use slipstream::{StoreInfo, StoreLimits};

/// What a store is, as `slipstream.StoreInfo`.
pub(crate) fn info(py: Python<'_>, info: &StoreInfo) -> PyResult<Py<PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("keys", info.keys)?;
    fields.set_item("marks", info.marks)?;
    fields.set_item("bytes", info.bytes)?;
    fields.set_item("version", version_bytes(py, &info.version))?;
    let incarnation = info.incarnation.map(|it| PyBytes::new(py, &it.to_be_bytes()));
    fields.set_item("incarnation", incarnation)?;
    fields.set_item("limits", limits(py, &info.limits)?)?;
    let class = py.import("slipstream.info")?.getattr("StoreInfo")?;
    Ok(class.call((), Some(&fields))?.unbind())
}

fn limits<'py>(py: Python<'py>, limits: &StoreLimits) -> PyResult<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("storage", limits.storage.word())?;
    fields.set_item("max_history", limits.max_history)?;
    fields.set_item("max_age", limits.max_age.map(|age| age.as_secs_f64()))?;
    fields.set_item("max_bytes", limits.max_bytes)?;
    fields.set_item("num_replicas", limits.num_replicas)?;
    fields.set_item("discard", limits.discard.word())?;
    fields.set_item("ttl", limits.ttl)?;
    py.import("slipstream.info")?.getattr("StoreLimits")?.call((), Some(&fields))
}
