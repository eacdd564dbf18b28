//! The one way to lock a mutex in the bindings.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex of the standard library, also after a panic.
///
/// Those are used on purpose. Others keep waiting threads in a table of the whole process, and a
/// fork while one thread changes it leaves it locked for ever in the child.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
