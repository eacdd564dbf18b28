use crate::lock::lock;
use crate::operation::Outcome;
use std::sync::Mutex;

/// Outcomes on their way to one event loop: pushed by the runtime, drained by the loop.
///
/// The first push after a drain wakes the loop, and one drain settles everything that is there.
pub struct CompletionQueue {
    state: Mutex<State>,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    outcomes: Vec<(u64, Outcome)>,
    closed: bool,
}

impl CompletionQueue {
    /// A queue that calls `wake`, from any thread, when it stops being empty.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), wake: Box::new(wake) }
    }

    /// Adds the outcome of operation `id`. After [`close`](Self::close) it is dropped silently:
    /// nobody is left to take it.
    pub fn push(&self, id: u64, outcome: Outcome) {
        let mut state = lock(&self.state);
        if state.closed {
            return;
        }
        let first = state.outcomes.is_empty();
        state.outcomes.push((id, outcome));
        // Woken under the lock, so that `close` returns only when no wake-up is under way and
        // what it writes to can be freed.
        if first {
            (self.wake)();
        }
    }

    /// Takes everything that is there. The loop clears its wake-up before it calls this, so that
    /// a push in between wakes it again.
    pub fn drain(&self) -> Vec<(u64, Outcome)> {
        std::mem::take(&mut lock(&self.state).outcomes)
    }

    /// Ends the queue: its loop is gone.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let dropped = std::mem::take(&mut state.outcomes);
        drop(state);
        drop(dropped);
    }
}
