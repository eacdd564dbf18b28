//! The receiver of an outcome: an event loop, a thread or a task.

use crate::queue::CompletionQueue;
use std::sync::Arc;
use std::task::Waker;
use std::thread::Thread;

/// Who is told that an operation has ended.
pub(crate) enum Target {
    /// An event loop.
    Queue(Arc<CompletionQueue>, u64),
    /// A thread that waits.
    Thread(Thread),
    /// A task of somebody else's.
    Task(Waker),
}

/// Event loops that are to be woken, once for all that has ended.
#[derive(Default)]
pub(crate) struct Settled {
    queues: Vec<Arc<CompletionQueue>>,
}

impl Settled {
    /// Wakes them.
    pub(crate) fn announce(&mut self) {
        self.queues.drain(..).for_each(|queue| queue.ring());
    }

    /// Tells of one outcome; an event loop is woken by `announce`.
    pub(crate) fn tell(&mut self, target: Target) {
        match target {
            Target::Queue(queue, id) => {
                if queue.push(id) {
                    self.queues.push(queue);
                }
            }
            Target::Thread(thread) => thread.unpark(),
            Target::Task(task) => task.wake(),
        }
    }
}
