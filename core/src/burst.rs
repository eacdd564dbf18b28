//! Calls that one thread begins in one go, so that their requests leave together.
//!
//! Whoever begins many calls at once does it inside a [`burst`]. A connection that has something
//! to send meanwhile has itself called at the end: it then sends everything in one piece, on the
//! thread that asked, and no other thread needs to be woken for it.

use std::cell::RefCell;
use std::sync::Arc;

/// A connection that sends at the end of a burst.
pub(crate) trait Flush: Send + Sync {
    /// Sends what is there, without waiting.
    fn flush(&self);
}

thread_local! {
    /// What is to be flushed by the burst of this thread, if there is one.
    static BURST: RefCell<Option<Vec<Arc<dyn Flush>>>> = const { RefCell::new(None) };
}

/// Runs `calls`, which begin operations or poll them for the first time, and sends what they asked
/// for. A burst inside a burst is part of it.
pub fn burst<T>(calls: impl FnOnce() -> T) -> T {
    let outermost = BURST.with_borrow_mut(|burst| {
        let outermost = burst.is_none();
        burst.get_or_insert_default();
        outermost
    });
    let _end = outermost.then(|| End);
    calls()
}

/// Sends what the burst of this thread asked for so far: before a thread waits, or when a burst is
/// long.
pub fn flush() {
    // Taken out first: what is flushed may have something else flushed.
    while let Some(deferred) = BURST.with_borrow_mut(|burst| burst.as_mut().map(std::mem::take)) {
        if deferred.is_empty() {
            return;
        }
        deferred.iter().for_each(|it| it.flush());
    }
}

/// Has `it` flushed at the end of this thread's burst; whether there is one. To be called once for
/// everything that waits to be sent.
pub(crate) fn defer(it: &Arc<impl Flush + 'static>) -> bool {
    BURST.with_borrow_mut(|burst| match burst {
        Some(deferred) => {
            deferred.push(it.clone());
            true
        }
        None => false,
    })
}

/// The end of the outermost burst, also when what ran in it panics.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        flush();
        // One that panicked has left the rest to nobody, which waits no longer than its deadline.
        BURST.take();
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
    fn a_panic_ends_a_burst() {
        let connection = Arc::new(Sent::default());
        let broken = std::panic::catch_unwind(|| burst(|| panic!("in between")));
        assert!(broken.is_err());
        assert!(!defer(&connection));
    }
}
