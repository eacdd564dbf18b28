//! The committer: the thread that does several writes in one commit.

use super::commit::Job;
use crate::embedded::engine::{Named, Submitted};
use crate::embedded::worker::Worker;
use crate::kv::{KvError, Write};
use crate::lock::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Commits the writes of this process, all that wait in one commit: it waits for the disk, and takes
/// as long for a thousand writes as for one.
pub(super) struct Committer {
    /// Makes one commit, and answers its writes.
    commit: Box<dyn Fn(Vec<Job>) + Send + Sync>,
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    worker: Option<Worker>,
    stop: bool,
}

/// The most writes in one commit.
const BATCH: usize = 4096;
/// How long a commit waits until there are as many writes as in the last one: the callers of those
/// were just answered, and are about to write again.
const GATHER: Duration = Duration::from_micros(200);

impl Committer {
    /// A committer that makes each commit by `commit`, which answers the writes in it.
    pub(super) fn new(commit: impl Fn(Vec<Job>) + Send + Sync + 'static) -> Arc<Self> {
        let commit = Box::new(commit);
        Arc::new(Self { commit, queue: Mutex::default(), filled: Condvar::new() })
    }

    /// Queues a write, in the order of the calls.
    pub(super) fn submit(self: &Arc<Self>, store: Named<'_>, write: Write<'_>) -> Submitted {
        let (reply, outcome) = oneshot::channel();
        let job = Job::new(store, write, reply);
        let mut queue = self.queue.lock();
        if queue.stop {
            return Submitted::Refused;
        }
        if queue.worker.is_none() {
            let committer = self.clone();
            match Worker::spawn("slipstream-commit", move || committer.run()) {
                Ok(worker) => queue.worker = Some(worker),
                Err(error) => {
                    let text = format!("there is no thread for writes to be had: {error}");
                    return Submitted::Done(Err(KvError::OperationFailed(text)));
                }
            }
        }
        queue.jobs.push(job);
        self.filled.notify_one();
        Submitted::Waiting(outcome)
    }

    /// Finishes what is queued and ends the worker.
    pub(super) fn stop(&self) {
        let worker = {
            let mut queue = self.queue.lock();
            queue.stop = true;
            queue.worker.take()
        };
        self.filled.notify_one();
        if let Some(worker) = worker {
            worker.join();
        }
    }

    fn run(&self) {
        let mut last = 1;
        while let Some(mut jobs) = self.next(last) {
            // A caller that no longer waits has cancelled the write.
            jobs.retain(Job::is_awaited);
            last = jobs.len();
            if !jobs.is_empty() {
                survive(|| (self.commit)(jobs));
            }
        }
    }

    /// The next writes; none once stopped.
    fn next(&self, last: usize) -> Option<Vec<Job>> {
        let mut queue = self.queue.lock();
        while queue.jobs.is_empty() {
            if queue.stop {
                return None;
            }
            queue = self.filled.wait(queue);
        }
        let until = Instant::now() + GATHER;
        while queue.jobs.len() < last && !queue.stop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queue = self.filled.wait_for(queue, left);
        }
        let rest = queue.jobs.len().min(BATCH);
        let rest = queue.jobs.split_off(rest);
        Some(std::mem::replace(&mut queue.jobs, rest))
    }
}

/// Makes a commit that may panic. Its callers then learn that the outcome is unknown, and the next
/// commits are made.
fn survive(commit: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(commit)).is_err() {
        tracing::error!("a commit panicked, please report it; its writes may have been made");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::{Action, Written};
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn w9_a_commit_that_panics_is_of_unknown_outcome_and_the_next_one_is_made() {
        let panicked = AtomicBool::new(false);
        let committer = Committer::new(move |jobs| {
            assert!(panicked.swap(true, Ordering::Relaxed), "in the middle of a commit");
            jobs.into_iter().for_each(|job| job.answer(Ok(Written::Version(7))));
        });
        let write = async |key| {
            let write = Write { key, action: Action::Purge };
            let answer = committer.submit(Named { name: "nodes", id: 1 }, write).outcome();
            tokio::time::timeout(Duration::from_secs(10), answer).await.expect("an answer")
        };
        let told = write("a").await;
        assert!(matches!(told, Err(KvError::ConnectionFailed(_))), "{told:?}");
        assert_eq!(write("b").await, Ok(Written::Version(7)));
        committer.stop();
        assert_eq!(write("c").await, Err(KvError::NotConnected));
    }
}
