//! The wake-up of an event loop by other threads.

use napi::bindgen_prelude::{Function, JsValue, ToNapiValue};
use napi::{Env, Result, check_status, sys};
use std::ptr;

/// The one function of an event loop that other threads may call: it makes the loop drain.
///
/// napi's own wrapper cannot change at run time whether the loop stays alive for it, which is
/// what [`hold`](Self::hold) and [`release`](Self::release) are for; hence the C functions.
#[derive(Clone, Copy)]
pub(crate) struct Wake {
    function: sys::napi_threadsafe_function,
}

// SAFETY: calling a threadsafe function from any thread is what it is made for. The rest is done
// on the loop's own thread, for which `Env` is asked.
unsafe impl Send for Wake {}
// SAFETY: as above; the pointer itself is never changed.
unsafe impl Sync for Wake {}

impl Wake {
    /// A wake-up that calls `callback` on the loop's thread. It does not keep the loop alive.
    pub(crate) fn new(env: &Env, callback: &Function<(), ()>) -> Result<Self> {
        let mut function = ptr::null_mut();
        // SAFETY: `env` and the values are those of the call under way. Without a `call_js_cb`
        // Node calls `callback` with no arguments.
        check_status!(unsafe {
            let name = ToNapiValue::to_napi_value(env.raw(), "slipstream")?;
            sys::napi_create_threadsafe_function(
                env.raw(),
                callback.raw(),
                ptr::null_mut(),
                name,
                0,
                1,
                ptr::null_mut(),
                None,
                ptr::null_mut(),
                None,
                &mut function,
            )
        })?;
        let wake = Self { function };
        wake.release(env)?;
        Ok(wake)
    }

    /// Wakes the loop. Not to be called after [`free`](Self::free).
    pub(crate) fn ring(&self) {
        // SAFETY: the queue that rings is closed before the function is freed. A refusal means
        // that the loop is ending, and nobody waits any more.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.function,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }

    /// Keeps the loop, and with it the process, alive.
    pub(crate) fn hold(&self, env: &Env) -> Result<()> {
        // SAFETY: on the loop's thread, as `env` shows.
        check_status!(unsafe { sys::napi_ref_threadsafe_function(env.raw(), self.function) })
    }

    /// Lets the loop end.
    pub(crate) fn release(&self, env: &Env) -> Result<()> {
        // SAFETY: on the loop's thread, as `env` shows.
        check_status!(unsafe { sys::napi_unref_threadsafe_function(env.raw(), self.function) })
    }

    /// Gives the function up; the loop is ending.
    pub(crate) fn free(self) {
        // SAFETY: called once, when the queue is closed and nobody can ring any more.
        unsafe {
            sys::napi_release_threadsafe_function(
                self.function,
                sys::ThreadsafeFunctionReleaseMode::abort,
            );
        }
    }
}
