//! A cork: it holds back what calls have connections send, until its owner sends it in one piece.
//!
//! Whoever begins many calls at once begins them inside [`Cork::hold`], keeps the cork, and sends
//! with [`Cork::release`] before it waits. What the calls asked for leaves on the owner's thread, and
//! no other thread is woken for it. A cork that is dropped sends what it holds: nobody else would,
//! while others wait behind it.
//!
//! In a forked child a cork of the parent holds nothing: the parent sends it (W9).

use crate::lifecycle::fork::Process;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::mem;
use std::sync::Arc;

/// Holds back what calls ask for. It is sent once, by the owner of the cork.
pub struct Cork {
    /// Connections that have something to send, each once.
    held: Held,
    /// The process that the cork was made in.
    owner: Process,
}

type Held = SmallVec<[Arc<dyn Flush>; 2]>;

/// A connection that sends when a cork is released.
pub(crate) trait Flush: Send + Sync {
    /// Sends what is there, without waiting.
    fn flush(&self);
}

thread_local! {
    /// The cork whose calls this thread runs right now. It is back with its owner after them.
    static IN_PLACE: RefCell<Option<Cork>> = const { RefCell::new(None) };
}

impl Cork {
    /// A cork that holds nothing.
    pub fn new() -> Self {
        Self { held: Held::new(), owner: Process::this() }
    }

    /// Runs `calls`, which begin operations or poll them, without sending what they ask for.
    pub fn hold<T>(&mut self, calls: impl FnOnce() -> T) -> T {
        let outer = IN_PLACE.replace(Some(mem::take(self)));
        let _back = Back { owner: self, outer };
        calls()
    }

    /// Runs `calls` with a cork of their own, and sends what they ask for.
    pub fn burst<T>(calls: impl FnOnce() -> T) -> T {
        Self::new().hold(calls)
    }

    /// True if there is something to send.
    pub fn is_held(&self) -> bool {
        self.owner.is_this() && !self.held.is_empty()
    }

    /// Takes over what another cork holds.
    pub fn join(&mut self, mut other: Self) {
        mem::take(other.own()).into_iter().for_each(|it| self.add(it));
    }

    /// Sends what it holds. Inside the calls of another cork, that one takes it over.
    pub fn release(&mut self) {
        while self.is_held() {
            let held = mem::take(self.own());
            let taken_over = in_place(|outer| held.iter().for_each(|it| outer.add(it.clone())));
            if taken_over.is_none() {
                // A connection that sends may have another one send.
                self.hold(|| held.iter().for_each(|it| it.flush()));
            }
        }
    }

    fn add(&mut self, it: Arc<dyn Flush>) {
        let held = self.own();
        if !held.iter().any(|known| Arc::ptr_eq(known, &it)) {
            held.push(it);
        }
    }

    /// What it holds in this process. What a parent is to send is forgotten and not dropped: locks
    /// of the parent may be held there for ever.
    fn own(&mut self) -> &mut Held {
        if !self.owner.is_this() {
            mem::forget(mem::take(&mut self.held));
            self.owner = Process::this();
        }
        &mut self.held
    }
}

impl Default for Cork {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Cork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cork").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

impl Drop for Cork {
    fn drop(&mut self) {
        self.own();
        self.release();
    }
}

/// Has `it` flushed by the cork whose calls this thread runs; false if it runs none.
pub(crate) fn defer(it: &Arc<impl Flush + 'static>) -> bool {
    in_place(|cork| cork.add(it.clone())).is_some()
}

fn in_place<T>(with: impl FnOnce(&mut Cork) -> T) -> Option<T> {
    // A thread that is ending runs no calls.
    IN_PLACE.try_with(|cork| cork.borrow_mut().as_mut().map(with)).ok().flatten()
}

/// The end of calls that were held back, also when one of them panics: the cork goes back to its
/// owner.
struct Back<'a> {
    owner: &'a mut Cork,
    outer: Option<Cork>,
}

impl Drop for Back<'_> {
    fn drop(&mut self) {
        if let Some(cork) = IN_PLACE.replace(self.outer.take()) {
            *self.owner = cork;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Sent(AtomicUsize);

    impl Sent {
        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Flush for Sent {
        fn flush(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_is_deferred_is_sent_once_at_the_end_of_the_outermost_burst() {
        let connection = Arc::new(Sent::default());
        assert!(!defer(&connection));
        Cork::burst(|| {
            Cork::burst(|| assert!(defer(&connection)));
            assert_eq!(connection.count(), 0);
            assert!(defer(&connection));
        });
        assert_eq!(connection.count(), 1);
        assert!(!defer(&connection));
    }

    #[test]
    fn what_is_held_back_is_sent_when_it_is_released() {
        let connection = Arc::new(Sent::default());
        let mut cork = Cork::new();
        for sent in 1..3 {
            assert!(cork.hold(|| defer(&connection)));
            assert!(!defer(&connection));
            assert!(cork.is_held());
            assert_eq!(connection.count(), sent - 1);
            cork.release();
            assert!(!cork.is_held());
            assert_eq!(connection.count(), sent);
        }
    }

    #[test]
    fn what_an_owner_leaves_behind_is_sent_when_it_ends() {
        let connection = Arc::new(Sent::default());
        let held = connection.clone();
        std::thread::spawn(move || assert!(Cork::new().hold(|| defer(&held)))).join().unwrap();
        assert_eq!(connection.count(), 1);
    }

    #[test]
    fn what_several_calls_ask_for_is_sent_once_by_the_cork_that_joined_theirs() {
        let connection = Arc::new(Sent::default());
        let mut owner = Cork::new();
        for _ in 0..3 {
            let mut call = Cork::new();
            assert!(call.hold(|| defer(&connection)));
            owner.join(call);
        }
        assert_eq!(connection.count(), 0);
        owner.release();
        assert_eq!(connection.count(), 1);
    }

    #[test]
    fn w9_a_cork_of_another_process_sends_nothing() {
        let connection = Arc::new(Sent::default());
        let held = || {
            let mut cork = Cork::new();
            assert!(cork.hold(|| defer(&connection)));
            // As in a forked child.
            cork.owner = Process::another();
            cork
        };
        let mut inherited = held();
        assert!(!inherited.is_held());
        inherited.release();
        Cork::new().join(held());
        drop(held());
        assert_eq!(connection.count(), 0);
        // Once it holds something of this process, it is one of this process.
        assert!(inherited.hold(|| defer(&connection)));
        drop(inherited);
        assert_eq!(connection.count(), 1);
    }

    #[test]
    fn a_panic_ends_a_burst() {
        let connection = Arc::new(Sent::default());
        let broken = std::panic::catch_unwind(|| Cork::burst(|| panic!("in between")));
        assert!(broken.is_err());
        assert!(!defer(&connection));
    }
}
