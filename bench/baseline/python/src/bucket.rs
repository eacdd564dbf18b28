//! A bucket on NATS behind the futures of pyo3-async-runtimes, to be compared with.

use async_nats::jetstream::{self, kv};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::{future_into_py, get_runtime};
use std::borrow::Cow;

/// A bucket on a NATS server through async-nats: one future a call, as a binding of today has it.
#[pyclass(frozen)]
pub struct BaselineBucket {
    store: kv::Store,
}

#[pymethods]
impl BaselineBucket {
    /// The value of `key`, or `None`.
    fn get<'py>(&self, py: Python<'py>, key: String) -> PyResult<Bound<'py, PyAny>> {
        let store = self.store.clone();
        future_into_py(py, async move {
            let value = store.get(key).await.map_err(raise)?;
            Ok(value.map(|value| Cow::<[u8]>::Owned(value.into())))
        })
    }

    /// Writes `value`, and answers with its revision.
    fn put<'py>(
        &self,
        py: Python<'py>,
        key: String,
        value: Vec<u8>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let store = self.store.clone();
        future_into_py(py, async move { store.put(key, value.into()).await.map_err(raise) })
    }
}

/// Opens the bucket `name` of the server at `url`.
#[pyfunction]
pub fn bucket(py: Python<'_>, url: String, name: String) -> PyResult<BaselineBucket> {
    py.detach(|| {
        get_runtime().block_on(async {
            let client = async_nats::connect(url).await.map_err(raise)?;
            let store = jetstream::new(client).get_key_value(name).await.map_err(raise)?;
            Ok(BaselineBucket { store })
        })
    })
}

fn raise(error: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
