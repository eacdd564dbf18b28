//! The thread on which operations go on, and its replacement in a forked child.

use crate::executor::Executor;
use slipstream::lifecycle::fork::Process;
use std::sync::atomic::{AtomicPtr, Ordering};
use tokio::runtime::{Builder, Handle};
use tokio::task::unconstrained;

struct Runtime {
    handle: Handle,
    executor: Executor,
    owner: Process,
}

static CURRENT: AtomicPtr<Runtime> = AtomicPtr::new(std::ptr::null_mut());

/// The bridge's runtime: one thread, started when first needed, anew in a forked child.
///
/// One thread, because completions travel in batches and a wake-up of a single-threaded runtime
/// is the cheapest there is. It never enters an interpreter, so a process may exit at any time.
pub(crate) fn handle() -> &'static Handle {
    &current().handle
}

/// What runs the operations of this process.
pub(crate) fn executor() -> &'static Executor {
    &current().executor
}

fn current() -> &'static Runtime {
    let current = CURRENT.load(Ordering::Acquire);
    // SAFETY: the pointer is null or comes from `Box::into_raw` below and is never freed; a
    // runtime is replaced only in a forked child, whose parent's thread is not there to end it.
    if let Some(runtime) = unsafe { current.as_ref() }
        && runtime.owner.is_this()
    {
        return runtime;
    }
    install(current)
}

#[cold]
fn install(before: *mut Runtime) -> &'static Runtime {
    let tokio = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the operating system refused an epoll or kqueue descriptor");
    let handle = tokio.handle().clone();
    let executor = Executor::default();
    let mine = Box::into_raw(Box::new(Runtime { handle, executor, owner: Process::this() }));
    let installed = CURRENT.compare_exchange(before, mine, Ordering::AcqRel, Ordering::Acquire);
    if installed.is_err() {
        // SAFETY: `mine` was made above and no other thread has seen it.
        drop(unsafe { Box::from_raw(mine) });
        // Dropped as it is, it would wait for its threads, and refuse to within another runtime.
        tokio.shutdown_background();
        return current();
    }
    // SAFETY: `mine` is installed and never freed.
    let runtime = unsafe { &*mine };
    // What an operation may do in one poll is no matter of how many others are polled with it.
    tokio.spawn(unconstrained(runtime.executor.run()));
    std::thread::Builder::new()
        .name("slipstream".into())
        .spawn(move || tokio.block_on(std::future::pending::<()>()))
        .expect("the operating system refused a thread");
    runtime
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_second_takes_the_runtime_of_who_came_first() {
        let first = current();
        let other = Builder::new_current_thread().build().unwrap();
        let second = other.block_on(async { install(std::ptr::null_mut()) });
        assert!(std::ptr::eq(first, second));
    }
}
