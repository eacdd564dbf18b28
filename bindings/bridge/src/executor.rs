//! The one task that polls every woken operation of a process.

use crate::lock::lock;
use crate::target::Settled;
use slipstream::cork::Cork;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

/// An operation as the executor sees it.
pub(crate) trait Run: Send + Sync {
    /// Polls it again, because it was woken.
    fn run(self: Arc<Self>, settled: &mut Settled);
}

/// Runs operations when they are woken: one task of the runtime for all of them.
///
/// A task of tokio each would cost a hand-over to its queue and a write to the descriptor that
/// wakes it, for every operation; and those that end together would wake an event loop each.
#[derive(Default)]
pub(crate) struct Executor {
    ready: Mutex<Ready>,
}

#[derive(Default)]
struct Ready {
    jobs: Vec<Arc<dyn Run>>,
    /// Wakes the task, while there is nothing to do.
    idle: Option<Waker>,
}

impl Executor {
    /// Has a job run soon.
    pub(crate) fn schedule(&self, job: Arc<dyn Run>) {
        let mut ready = lock(&self.ready);
        ready.jobs.push(job);
        let idle = ready.idle.take();
        drop(ready);
        if let Some(task) = idle {
            task.wake();
        }
    }

    /// Runs what is scheduled, for ever.
    pub(crate) async fn run(&self) {
        let mut settled = Settled::default();
        let mut jobs = Vec::new();
        let mut cork = Cork::new();
        loop {
            poll_fn(|cx| {
                let mut ready = lock(&self.ready);
                if ready.jobs.is_empty() {
                    ready.idle = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                std::mem::swap(&mut ready.jobs, &mut jobs);
                Poll::Ready(())
            })
            .await;
            cork.hold(|| jobs.drain(..).for_each(|job| job.run(&mut settled)));
            cork.release();
            settled.announce();
            if !lock(&self.ready).jobs.is_empty() {
                // Sockets and timers have their turn, whatever keeps waking itself.
                tokio::task::yield_now().await;
            }
        }
    }
}
