//! The Python binding: handles as classes, operations as coroutines or blocking calls.
//!
//! It gives nothing a meaning of its own: arguments go in, outcomes come out. Every method exists
//! once, and its object's [`Mode`](runtime::Mode) says whether it is awaited or blocks.

mod answer;
mod argument;
mod connection;
mod entry;
mod failure;
mod info;
mod record;
mod runtime;
mod store;
mod time;
mod update;
mod watch;

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The native part of slipstream. Import `slipstream` or `slipstream.sync` instead.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    runtime::register(py)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<entry::Entry>()?;
    module.add_class::<update::Put>()?;
    module.add_class::<update::Delete>()?;
    module.add_class::<update::Purge>()?;
    module.add_class::<connection::Connection>()?;
    module.add_class::<store::Store>()?;
    module.add_class::<watch::Watch>()?;
    module.add_class::<watch::Batches>()?;
    module.add("SyncConnection", py.get_type::<connection::SyncConnection>())?;
    module.add("SyncStore", py.get_type::<store::SyncStore>())?;
    module.add("SyncWatch", py.get_type::<watch::SyncWatch>())?;
    module.add("SyncBatches", py.get_type::<watch::SyncBatches>())?;
    module.add_function(wrap_pyfunction!(connection::connect, module)?)?;
    slipstream::lifecycle::fork::announce_all();
    module.add_function(wrap_pyfunction!(live, module)?)
}

/// How many native objects of each kind exist in this process.
#[pyfunction]
fn live(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let live = slipstream_bridge::live();
    let counts = PyDict::new(py);
    counts.set_item("connections", live.sessions)?;
    counts.set_item("stores", live.stores)?;
    counts.set_item("watches", live.watches)?;
    counts.set_item("operations", live.operations)?;
    Ok(counts)
}
