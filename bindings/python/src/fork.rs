use pyo3::prelude::*;
use slipstream::fork;

/// Waits, for a bounded time, until nothing is half-way that a child must not inherit so.
#[pyfunction]
pub(crate) fn before_fork(py: Python<'_>) {
    // Another thread may be between this and the end of its own fork, and needs the interpreter.
    py.detach(fork::prepare);
}

/// Lets what stood still go on.
#[pyfunction]
pub(crate) fn after_fork_in_parent() {
    fork::resume();
}

/// Says that this process is a forked child: what its parent opened answers `NotConnected`.
#[pyfunction]
pub(crate) fn after_fork_in_child() {
    fork::forked();
}
