//! Arguments of Python, checked and converted to those of the core.

use crate::failure;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyMemoryError, PyOverflowError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDelta, PyString, PyTuple};
use slipstream::handle::Selection;
use slipstream::kv::{KvError, VersionToken, WatchCursor};
use slipstream_bridge as bridge;
use std::fmt::Display;
use std::time::Duration;

/// A key, prefix or name. A text that is no Unicode is passed on with replacement characters,
/// which the core refuses by its own rule.
#[derive(Default)]
pub(crate) struct Text(pub(crate) String);

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(object.cast::<PyString>()?.to_string_lossy().into_owned()))
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// The texts of an iterable. One text is an iterable too, of characters, but nobody means that.
pub(crate) fn texts(name: &str, given: &Bound<'_, PyAny>) -> PyResult<Vec<Py<PyString>>> {
    let refuse = |found: &dyn Display| {
        PyTypeError::new_err(format!("{name} must be an iterable of str, not {found}"))
    };
    if given.is_instance_of::<PyString>() {
        return Err(refuse(&"one str; put it into a list"));
    }
    let class = given.get_type().name()?;
    // Grows with what comes: what an iterable says of its length need not be so.
    let mut texts = Vec::new();
    for text in given.try_iter().map_err(|_| refuse(&class))? {
        match text?.cast_into::<PyString>() {
            Ok(text) => texts.push(text.unbind()),
            Err(error) => {
                let class = error.into_inner().get_type().name()?;
                return Err(refuse(&format_args!("of {class}")));
            }
        }
    }
    Ok(texts)
}

/// What a watch is asked for: prefixes, each a text or an iterable of texts, and keys (S6).
pub(crate) fn selection(
    prefixes: &Bound<'_, PyTuple>,
    keys: Option<&Bound<'_, PyAny>>,
) -> PyResult<Selection> {
    let py = prefixes.py();
    let owned = |texts: Vec<Py<PyString>>| -> Vec<String> {
        texts.iter().map(|text| text.to_string_lossy(py).into_owned()).collect()
    };
    let mut every = Vec::new();
    for given in prefixes {
        match given.cast::<PyString>() {
            Ok(prefix) => every.push(prefix.to_string_lossy().into_owned()),
            Err(_) => every.extend(owned(texts("prefixes", &given)?)),
        }
    }
    let keys = keys.map(|keys| texts("keys", keys)).transpose()?;
    Ok(Selection::new((!prefixes.is_empty()).then_some(every), keys.map(owned)))
}

/// A value, token or cursor: anything that holds bytes.
pub(crate) fn bytes(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(value) = value.cast::<PyBytes>() {
        check_room(name, value.as_bytes().len())?;
        return Ok(value.as_bytes().to_vec());
    }
    if let Ok(value) = value.cast::<PyByteArray>() {
        check_room(name, value.len())?;
        return Ok(value.to_vec());
    }
    let hint = if value.is_instance_of::<PyString>() { "; encode it first" } else { "" };
    let text = format!("{name} must be bytes, not {}{hint}", value.get_type().name()?);
    let buffer = PyBuffer::<u8>::get(value).map_err(|_| PyTypeError::new_err(text))?;
    check_room(name, buffer.item_count())?;
    buffer.to_vec(value.py())
}

/// Refuses what there is no memory for, which would end the process: a buffer may have more bytes
/// than there are behind it, as a numpy array that repeats one has.
fn check_room(name: &str, bytes: usize) -> PyResult<()> {
    /// What is smaller is not worth asking for.
    const LARGE: usize = 1 << 20;
    if bytes > LARGE && Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
        return Err(PyMemoryError::new_err(format!("no memory for {name} of {bytes} bytes")));
    }
    Ok(())
}

/// A version that this or another process got.
pub(crate) fn version(
    operation: &'static str,
    version: &Bound<'_, PyAny>,
) -> PyResult<VersionToken> {
    let bytes = bytes("version", version)?;
    bridge::token(&bytes).map_err(|error| failure::refuse(version.py(), error, operation))
}

/// A cursor; none and an empty one are no cursor.
pub(crate) fn cursor(cursor: Option<&Bound<'_, PyAny>>) -> PyResult<WatchCursor> {
    let Some(cursor) = cursor else { return Ok(WatchCursor::none()) };
    let bytes = bytes("cursor", cursor)?;
    bridge::cursor(&bytes).map_err(|error| failure::refuse(cursor.py(), error, "watch"))
}

/// A duration, of the option `field`: seconds or a `timedelta`.
pub(crate) fn duration(
    operation: &'static str,
    field: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<Duration> {
    let py = value.py();
    let refuse = || -> PyResult<f64> {
        let class = value.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "{field} must be a number of seconds or a timedelta, not {class}"
        )))
    };
    let seconds = if value.is_instance_of::<PyDelta>() {
        value.call_method0(intern!(py, "total_seconds"))?.extract()?
    } else if value.is_instance_of::<PyBool>() {
        refuse()?
    } else {
        match value.extract::<f64>() {
            Ok(seconds) => seconds,
            // A whole number may be larger than every one that is floating point.
            Err(error) if error.is_instance_of::<PyOverflowError>(py) => match value.lt(0)? {
                true => f64::NEG_INFINITY,
                false => f64::INFINITY,
            },
            Err(error) if error.is_instance_of::<PyTypeError>(py) => refuse()?,
            Err(error) => return Err(error),
        }
    };
    bridge::seconds(field, seconds).map_err(|error| failure::refuse(py, error, operation))
}

/// A time to live, if one is given.
pub(crate) fn ttl(
    operation: &'static str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<Duration>> {
    value.map(|value| duration(operation, "ttl", value)).transpose()
}

/// A whole number of an option.
pub(crate) fn number<T: TryFrom<i64>>(
    name: &str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<T>> {
    let Some(value) = value else { return Ok(None) };
    let py = value.py();
    let number = match value.extract::<i64>() {
        Err(error) if !error.is_instance_of::<PyOverflowError>(py) => return Err(error),
        number => number.ok().and_then(|number| T::try_from(number).ok()),
    };
    number.map(Some).ok_or_else(|| {
        let error = KvError::InvalidArgument(format!("{name} {value} is out of range"));
        failure::refuse(py, error, "store")
    })
}
