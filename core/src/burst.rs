//! Calls that one thread begins in one go, so that their requests leave together.
//!
//! Whoever begins many calls at once does it inside a [`burst`], or holds what they ask for back
//! with [`hold`] until it calls [`flush`]. A connection that has something to send meanwhile has
//! itself called then: it sends everything in one piece, on the thread that asked, and no other
//! thread needs to be woken for it.

use crate::fork;
use std::cell::{Cell, RefCell};
use std::mem;
use std::sync::Arc;

/// A connection that sends at the end of a burst.
pub(crate) trait Flush: Send + Sync {
    /// Sends what is there, without waiting.
    fn flush(&self);
}

thread_local! {
    /// How many bursts this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static DEFERRED: RefCell<Deferred> = const { RefCell::new(Deferred::new()) };
}

/// What a thread is to flush, and the process that it is to be flushed in.
///
/// A forked child has a copy of it. It must not send what its parent will send, so it forgets it,
/// and drops nothing of it either: locks of the parent may be held there for ever.
struct Deferred {
    flushes: Vec<Arc<dyn Flush>>,
    generation: u64,
}

impl Deferred {
    const fn new() -> Self {
        Self { flushes: Vec::new(), generation: 0 }
    }

    /// What is to be flushed in this process.
    fn own(&mut self) -> &mut Vec<Arc<dyn Flush>> {
        if self.generation != fork::generation() {
            mem::forget(mem::take(&mut self.flushes));
            self.generation = fork::generation();
        }
        &mut self.flushes
    }
}

impl Drop for Deferred {
    /// Sends what a thread leaves behind: nobody else would, while others wait behind it.
    fn drop(&mut self) {
        mem::take(self.own()).iter().for_each(|it| it.flush());
    }
}

/// Runs `calls`, which begin operations or poll them for the first time, and sends what they asked
/// for. A burst inside a burst is part of it.
pub fn burst<T>(calls: impl FnOnce() -> T) -> T {
    let _end = End;
    hold(calls)
}

/// Runs `calls` without sending what they ask for. Whoever holds it back sends it with [`flush`]
/// soon, on the same thread, if [`is_held`] says that there is something to send.
pub fn hold<T>(calls: impl FnOnce() -> T) -> T {
    DEPTH.set(DEPTH.get() + 1);
    let _out = Out;
    calls()
}

/// Whether this thread holds something back.
pub fn is_held() -> bool {
    DEFERRED.with_borrow_mut(|deferred| !deferred.own().is_empty())
}

/// Sends what this thread holds back: also to be called before it waits.
pub fn flush() {
    // What is flushed may have something else flushed.
    hold(|| {
        while is_held() {
            let flushes = DEFERRED.with_borrow_mut(|deferred| mem::take(deferred.own()));
            flushes.iter().for_each(|it| it.flush());
        }
    });
}

/// Has `it` flushed at the end of what this thread is in the middle of; whether it is in any. To
/// be called once for everything that waits to be sent.
pub(crate) fn defer(it: &Arc<impl Flush + 'static>) -> bool {
    let held = DEPTH.get() > 0;
    if held {
        DEFERRED.with_borrow_mut(|deferred| deferred.own().push(it.clone()));
    }
    held
}

/// The end of calls that are held back, also when one of them panics.
struct Out;

impl Drop for Out {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// The end of a burst, also when one of its calls panics.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        if DEPTH.get() == 0 {
            flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Sent(AtomicUsize);

    impl Flush for Sent {
        fn flush(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_is_deferred_is_sent_once_at_the_end_of_the_outermost_burst() {
        let connection = Arc::new(Sent::default());
        let sent = || connection.0.load(Ordering::Relaxed);
        assert!(!defer(&connection));
        burst(|| {
            burst(|| assert!(defer(&connection)));
            assert_eq!(sent(), 0);
            flush();
            assert_eq!(sent(), 1);
            assert!(defer(&connection));
        });
        assert_eq!(sent(), 2);
        assert!(!defer(&connection));
    }

    #[test]
    fn what_is_held_back_is_sent_when_it_is_flushed() {
        let connection = Arc::new(Sent::default());
        assert!(hold(|| defer(&connection)));
        assert!(!defer(&connection));
        assert!(is_held());
        assert_eq!(connection.0.load(Ordering::Relaxed), 0);
        flush();
        assert!(!is_held());
        assert_eq!(connection.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_a_thread_holds_back_is_sent_when_it_ends() {
        let connection = Arc::new(Sent::default());
        let held = connection.clone();
        std::thread::spawn(move || assert!(hold(|| defer(&held)))).join().unwrap();
        assert_eq!(connection.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_panic_ends_a_burst() {
        let connection = Arc::new(Sent::default());
        let broken = std::panic::catch_unwind(|| burst(|| panic!("in between")));
        assert!(broken.is_err());
        assert!(!defer(&connection));
    }
}
