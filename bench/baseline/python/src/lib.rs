//! The same store behind pyo3-async-runtimes: what a binding costs that makes one future a call.

mod bucket;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::{future_into_py, get_runtime};
use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Failure, Store, connect};
use std::borrow::Cow;

/// A store opened through the core, as the product opens it.
#[pyclass(frozen)]
struct BaselineStore {
    store: Store,
}

/// What `get` answers: the fields of the product's `Entry`.
#[derive(IntoPyObject)]
struct Found {
    key: String,
    value: Cow<'static, [u8]>,
    version: Cow<'static, [u8]>,
}

#[pymethods]
impl BaselineStore {
    /// The live entry of `key`, or `None`.
    fn get<'py>(&self, py: Python<'py>, key: String) -> PyResult<Bound<'py, PyAny>> {
        let store = self.store.clone();
        future_into_py(py, async move {
            let entry = store.get(&key).await.map_err(raise)?;
            Ok(entry.map(|entry| Found {
                key: entry.key,
                value: Cow::Owned(entry.value),
                version: Cow::Owned(entry.version.as_bytes().to_vec()),
            }))
        })
    }
}

/// Opens a store and fills it with `value` under every one of `keys`.
#[pyfunction]
fn filled(
    py: Python<'_>,
    url: String,
    keys: Vec<String>,
    value: Vec<u8>,
) -> PyResult<BaselineStore> {
    py.detach(|| {
        get_runtime().block_on(async {
            let session = connect(&url, ConnectOptions::default()).await.map_err(raise)?;
            let config = StoreConfig { name: "bench".into(), ..StoreConfig::default() };
            let store = session.store(config).await.map_err(raise)?;
            for key in &keys {
                store.put(key, &value, None).await.map_err(raise)?;
            }
            Ok(BaselineStore { store })
        })
    })
}

fn raise(failure: Failure) -> PyErr {
    PyRuntimeError::new_err(failure.to_string())
}

#[pymodule]
fn baseline_python(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BaselineStore>()?;
    module.add_function(wrap_pyfunction!(filled, module)?)?;
    module.add_class::<bucket::BaselineBucket>()?;
    module.add_function(wrap_pyfunction!(bucket::bucket, module)?)
}
