//! Moments, which Python has as datetimes of a time zone.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment as Python is given it: in UTC.
pub(crate) fn datetime(py: Python<'_>, moment: SystemTime) -> PyResult<Bound<'_, PyAny>> {
    static DATETIME: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static UTC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = DATETIME.import(py, "datetime", "datetime")?;
    let utc = UTC.get_or_try_init(py, || -> PyResult<Py<PyAny>> {
        Ok(py.import("datetime")?.getattr("timezone")?.getattr("utc")?.unbind())
    })?;
    let seconds = moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    class.call_method1(intern!(py, "fromtimestamp"), (seconds, utc))
}

/// The moment of a datetime, to a millisecond.
pub(crate) fn of_datetime(datetime: &Bound<'_, PyAny>) -> PyResult<SystemTime> {
    let seconds: f64 = datetime.call_method0(intern!(datetime.py(), "timestamp"))?.extract()?;
    let millis = (seconds * 1000.0).round().max(0.0);
    Ok(UNIX_EPOCH + Duration::from_millis(millis as u64))
}
