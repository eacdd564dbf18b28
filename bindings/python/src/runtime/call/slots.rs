//! The type of calls as the interpreter sees it: a coroutine made of the slots of the C API.

use super::pending::Step;
use super::state::{State, advance, cancel};
use crate::runtime::task::Task;
use pyo3::exceptions::{PyRuntimeError, PyRuntimeWarning, PyStopIteration};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_int, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

/// A call as Python sees it. Everything in it is touched only by the thread that holds the
/// interpreter lock: this is built for the stable ABI, which free-threaded builds do not have.
#[repr(C)]
struct CallObject {
    object: ffi::PyObject,
    name: &'static str,
    state: Cell<State>,
}

static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Makes the coroutine of a task. `name` is the method's.
pub(crate) fn new(py: Python<'_>, name: &'static str, task: Task) -> PyResult<Py<PyAny>> {
    let ty = TYPE.get(py).ok_or_else(|| PyRuntimeError::new_err("slipstream is not imported"))?;
    // SAFETY: the type is a heap type with the garbage collector's header, made below with the
    // size of `CallObject`. All fields after the header are written before anyone sees the object.
    unsafe {
        let call: *mut CallObject = ffi::PyObject_GC_New(ty.as_ptr().cast());
        if call.is_null() {
            return Err(PyErr::fetch(py));
        }
        (&raw mut (*call).name).write(name);
        (&raw mut (*call).state).write(Cell::new(State::New(task)));
        // Not tracked: until it waits it is part of no cycle, and most never wait.
        Ok(Bound::from_owned_ptr(py, call.cast()).unbind())
    }
}

/// Makes the type and tells `collections.abc` that its objects are coroutines.
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    let ty = TYPE.get_or_try_init(py, || make_type(py))?;
    py.import("collections.abc")?.getattr("Coroutine")?.call_method1("register", (ty,))?;
    Ok(())
}

fn make_type(py: Python<'_>) -> PyResult<Py<PyType>> {
    fn slot(slot: c_int, function: *mut c_void) -> ffi::PyType_Slot {
        ffi::PyType_Slot { slot, pfunc: function }
    }
    // The interpreter keeps pointers into both tables, so they live as long as the process.
    let methods = Box::leak(Box::new([
        method(c"send", send, ffi::METH_O, c"Advances the call, as asyncio does."),
        method(c"throw", throw, ffi::METH_VARARGS, c"Cancels the call with an exception."),
        method(c"close", close, ffi::METH_NOARGS, c"Cancels the call."),
        ffi::PyMethodDef::zeroed(),
    ]));
    let getters = Box::leak(Box::new([
        getter(c"__name__", get_name, c"The method that was called."),
        getter(c"__qualname__", get_name, c"The method that was called."),
        getter(c"cr_await", get_await, c"What the call waits for, or None."),
        getter(c"cr_running", get_running, c"Whether the call is being advanced."),
        getter(c"cr_suspended", get_suspended, c"Whether the call waits."),
        getter(c"cr_frame", get_none, c"None: there is no Python frame."),
        getter(c"cr_code", get_none, c"None: there is no Python code."),
        getter(c"cr_origin", get_none, c"None: it is not recorded."),
        ffi::PyGetSetDef::default(),
    ]));
    let doc = c"A call that is awaited: a coroutine that is made by the methods of slipstream.";
    let mut slots = [
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
        slot(ffi::Py_tp_repr, repr as *mut c_void),
        slot(ffi::Py_tp_iter, itself as *mut c_void),
        slot(ffi::Py_tp_iternext, next as *mut c_void),
        slot(ffi::Py_am_await, itself as *mut c_void),
        slot(ffi::Py_am_send, am_send as *mut c_void),
        slot(ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        slot(ffi::Py_tp_getset, getters.as_mut_ptr().cast()),
        slot(ffi::Py_tp_doc, doc.as_ptr() as *mut c_void),
        slot(0, ptr::null_mut()),
    ];
    let flags = ffi::Py_TPFLAGS_DEFAULT
        | ffi::Py_TPFLAGS_HAVE_GC
        | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION
        | ffi::Py_TPFLAGS_IMMUTABLETYPE;
    let mut spec = ffi::PyType_Spec {
        name: c"slipstream._native.Call".as_ptr(),
        basicsize: size_of::<CallObject>() as c_int,
        itemsize: 0,
        flags: flags as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the tables end in an empty row, every function has the signature of its slot, and
    // the interpreter copies `spec` and `slots`.
    unsafe {
        Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&mut spec))?
            .cast_into::<PyType>()
            .map(Bound::unbind)
            .map_err(PyErr::from)
    }
}

fn method(
    name: &'static CStr,
    function: ffi::PyCFunction,
    flags: c_int,
    doc: &'static CStr,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: function },
        ml_flags: flags,
        ml_doc: doc.as_ptr(),
    }
}

fn getter(name: &'static CStr, get: ffi::getter, doc: &'static CStr) -> ffi::PyGetSetDef {
    ffi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        set: None,
        doc: doc.as_ptr(),
        closure: ptr::null_mut(),
    }
}

/// Runs the body of a slot: an error is raised, and a panic is raised as an error.
fn raising<T>(failed: T, body: impl FnOnce(Python<'_>) -> PyResult<T>) -> T {
    Python::attach(|py| {
        let outcome = catch_unwind(AssertUnwindSafe(|| body(py))).unwrap_or_else(|_| {
            Err(PyRuntimeError::new_err("internal error in slipstream, please report it"))
        });
        outcome.unwrap_or_else(|error| {
            error.restore(py);
            failed
        })
    })
}

/// The state of a call.
///
/// # Safety
/// `call` is a live `CallObject`, which outlives the reference.
unsafe fn state<'a>(call: *mut ffi::PyObject) -> &'a Cell<State> {
    // SAFETY: promised by the caller; the field was written when the object was made.
    unsafe { &(*call.cast::<CallObject>()).state }
}

/// A look at the state of a call.
///
/// # Safety
/// As for [`state`], and the reference is not held while Python code can run.
unsafe fn peek<'a>(call: *mut ffi::PyObject) -> &'a State {
    // SAFETY: promised by the caller; only Python code can replace the state meanwhile.
    unsafe { &*state(call).as_ptr() }
}

/// # Safety
/// `call` is a live `CallObject` and `sent` a live object.
unsafe fn step(
    py: Python<'_>,
    call: *mut ffi::PyObject,
    sent: *mut ffi::PyObject,
) -> PyResult<Step> {
    // SAFETY: promised by the caller.
    let (state, sent, new) = unsafe {
        (state(call), Bound::from_borrowed_ptr(py, sent), matches!(peek(call), State::New(_)))
    };
    let step = advance(state, &sent)?;
    if new && matches!(step, Step::Yield(_)) {
        // SAFETY: it is a collectable object that is tracked only here, once: when it first waits.
        unsafe { ffi::PyObject_GC_Track(call.cast()) };
    }
    Ok(step)
}

unsafe extern "C" fn am_send(
    call: *mut ffi::PyObject,
    sent: *mut ffi::PyObject,
    result: *mut *mut ffi::PyObject,
) -> ffi::PySendResult {
    raising(ffi::PySendResult::PYGEN_ERROR, |py| {
        // SAFETY: the interpreter passes a call, an object and a place for the result.
        unsafe {
            *result = ptr::null_mut();
            let (value, kind) = match step(py, call, sent)? {
                Step::Yield(value) => (value, ffi::PySendResult::PYGEN_NEXT),
                Step::Return(value) => (value, ffi::PySendResult::PYGEN_RETURN),
            };
            *result = value.into_ptr();
            Ok(kind)
        }
    })
}

unsafe extern "C" fn send(
    call: *mut ffi::PyObject,
    sent: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    raising(ptr::null_mut(), |py| {
        // SAFETY: the interpreter passes a call and an object.
        match unsafe { step(py, call, sent)? } {
            Step::Yield(value) => Ok(value.into_ptr()),
            Step::Return(value) => Err(PyStopIteration::new_err((value,))),
        }
    })
}

unsafe extern "C" fn next(call: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the interpreter passes a call, and None lives for ever.
    unsafe { send(call, ffi::Py_None()) }
}

unsafe extern "C" fn throw(
    call: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    raising(ptr::null_mut(), |py| {
        // SAFETY: the interpreter passes a call and a tuple.
        let (state, arguments) = unsafe { (state(call), Bound::from_borrowed_ptr(py, arguments)) };
        let (kind, value, traceback) = thrown(&arguments)?;
        cancel(state)?;
        let error = match value {
            Some(value) if value.is_instance(&kind)? => PyErr::from_value(value),
            Some(value) => PyErr::from_value(kind.call1((value,))?),
            None if kind.is_instance_of::<PyType>() => PyErr::from_value(kind.call0()?),
            None => PyErr::from_value(kind),
        };
        if let Some(traceback) = traceback {
            error.set_traceback(py, Some(traceback.cast_into()?));
        }
        Err(error)
    })
}

type Thrown<'py> = (Bound<'py, PyAny>, Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>);

/// The exception's type or the exception, and the older form's value and traceback.
fn thrown<'py>(arguments: &Bound<'py, PyAny>) -> PyResult<Thrown<'py>> {
    let given: Vec<Bound<'py, PyAny>> = arguments.extract()?;
    let mut given = given.into_iter();
    let kind = given
        .next()
        .ok_or_else(|| pyo3::exceptions::PyTypeError::new_err("throw() takes an exception"))?;
    let mut rest = given.map(|value| (!value.is_none()).then_some(value));
    Ok((kind, rest.next().flatten(), rest.next().flatten()))
}

unsafe extern "C" fn close(call: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    raising(ptr::null_mut(), |py| {
        // SAFETY: the interpreter passes a call.
        cancel(unsafe { state(call) })?;
        Ok(py.None().into_ptr())
    })
}

unsafe extern "C" fn itself(call: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the interpreter passes a live object and takes a new reference.
    unsafe { ffi::Py_NewRef(call) }
}

unsafe extern "C" fn repr(call: *mut ffi::PyObject) -> *mut ffi::PyObject {
    raising(ptr::null_mut(), |py| {
        // SAFETY: the interpreter passes a call.
        let name = unsafe { (*call.cast::<CallObject>()).name };
        Ok(format!("<slipstream call {name} at {call:p}>").into_pyobject(py)?.into_any().into_ptr())
    })
}

unsafe extern "C" fn get_name(call: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    raising(ptr::null_mut(), |py| {
        // SAFETY: the interpreter passes a call.
        let name = unsafe { (*call.cast::<CallObject>()).name };
        Ok(name.into_pyobject(py)?.into_any().into_ptr())
    })
}

unsafe extern "C" fn get_await(call: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    raising(ptr::null_mut(), |py| {
        // SAFETY: the interpreter passes a call.
        let awaited = match unsafe { peek(call) } {
            State::Pending(pending) => pending.waiter().clone_ref(py).into_any(),
            _ => py.None(),
        };
        Ok(awaited.into_ptr())
    })
}

unsafe extern "C" fn get_running(call: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: the interpreter passes a call and takes a new reference.
    unsafe { ffi::PyBool_FromLong(matches!(peek(call), State::Running).into()) }
}

unsafe extern "C" fn get_suspended(call: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: the interpreter passes a call and takes a new reference.
    unsafe { ffi::PyBool_FromLong(matches!(peek(call), State::Pending(_)).into()) }
}

unsafe extern "C" fn get_none(_: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: None lives for ever, and a new reference is taken.
    unsafe { ffi::Py_NewRef(ffi::Py_None()) }
}

unsafe extern "C" fn traverse(
    call: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: the collector passes a call that is not being advanced on another thread, and no
    // Python code runs here. A heap type is visited by its objects.
    unsafe {
        let mut visited = visit(ffi::Py_TYPE(call).cast(), arg);
        if let State::Pending(pending) = peek(call) {
            for object in pending.held() {
                if visited == 0 {
                    visited = visit(object, arg);
                }
            }
        }
        visited
    }
}

unsafe extern "C" fn clear(call: *mut ffi::PyObject) -> c_int {
    raising(0, |_| {
        // SAFETY: the collector passes a call.
        cancel(unsafe { state(call) })?;
        Ok(0)
    })
}

unsafe extern "C" fn dealloc(call: *mut ffi::PyObject) {
    // SAFETY: this is the last reference, so nobody else can see the object while it goes. The
    // type is given back the reference that every object of a heap type holds.
    unsafe {
        ffi::PyObject_GC_UnTrack(call.cast());
        let ty = ffi::Py_TYPE(call);
        if !matches!(peek(call), State::Done) {
            let name = (*call.cast::<CallObject>()).name;
            Python::attach(|py| abandon(py, name, state(call)));
        }
        ffi::PyObject_GC_Del(call.cast());
        ffi::Py_DECREF(ty.cast());
    }
}

/// Ends a call that nobody holds any more, and warns if it was never awaited: then nothing was
/// done.
fn abandon(py: Python<'_>, name: &str, state: &Cell<State>) {
    // An object may be freed while an exception is on its way, which is kept.
    let raised = PyErr::take(py);
    let ended = state.replace(State::Done);
    let forgotten = matches!(&ended, State::New(task) if task.must_be_awaited());
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(ended)));
    if forgotten
        && dropped.is_ok()
        && let Ok(text) = CString::new(format!("coroutine '{name}' was never awaited"))
        && let Err(error) = PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 1)
    {
        error.write_unraisable(py, None);
    }
    if let Some(raised) = raised {
        raised.restore(py);
    }
}
