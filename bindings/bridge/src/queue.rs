//! The queue through which an event loop hears of operations that have ended.

use crate::lock::lock;
use std::sync::Mutex;

/// Ended operations on their way to one event loop: pushed by the runtime, taken by the loop.
///
/// The loop is rung once for everything that ends before it looks, and takes all of it at once.
pub struct CompletionQueue {
    state: Mutex<State>,
    /// None once the loop is gone. Not part of the state, which the loop looks at as soon as it is
    /// woken: it would run into the lock of who has woken it.
    wake: Mutex<Option<Wake>>,
}

type Wake = Box<dyn Fn() + Send>;

#[derive(Default)]
struct State {
    ended: Vec<u64>,
    /// Whether the loop was told, or will be, and has not been at rest since.
    rung: bool,
    closed: bool,
}

impl CompletionQueue {
    /// A queue that calls `wake`, from any thread, when the loop is at rest and something ends.
    pub fn new(wake: impl Fn() + Send + 'static) -> Self {
        Self { state: Mutex::default(), wake: Mutex::new(Some(Box::new(wake))) }
    }

    /// Takes what has ended, in exchange for an empty list.
    pub fn take(&self, ended: &mut Vec<u64>) {
        std::mem::swap(&mut lock(&self.state).ended, ended);
    }

    /// Says that the loop has taken everything and is to be woken again, with `clear` to undo the
    /// wake-up. Whether it is so: else more has ended meanwhile, and the loop is still awake.
    pub fn rest(&self, clear: impl FnOnce()) -> bool {
        let mut state = lock(&self.state);
        if state.ended.is_empty() {
            clear();
            state.rung = false;
        }
        !state.rung
    }

    /// Ends the queue: its loop is gone. No wake-up is under way after that, so that what it writes
    /// to can be freed.
    pub fn close(&self) {
        {
            let mut state = lock(&self.state);
            state.closed = true;
            state.ended.clear();
        }
        *lock(&self.wake) = None;
    }

    /// Adds operation `id`; whether the loop is to be rung for it. After [`close`](Self::close) it
    /// is dropped silently: nobody is left to take it.
    pub(crate) fn push(&self, id: u64) -> bool {
        let mut state = lock(&self.state);
        if state.closed {
            return false;
        }
        state.ended.push(id);
        !std::mem::replace(&mut state.rung, true)
    }

    /// Wakes the loop.
    pub(crate) fn ring(&self) {
        if let Some(wake) = &*lock(&self.wake) {
            wake();
        }
    }
}
