use super::environment::Environment;
use crate::embedded::clock;
use crate::embedded::engine::{Submitted, WriteTxn};
use crate::embedded::meta::StoreMeta;
use crate::embedded::rules::{self, Action, Answer, Write};
use crate::embedded::worker::Worker;
use crate::kv::KvError;
use crate::lock::{Condvar, Mutex};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Does the writes of this process, as many as there are in one commit: a commit waits for the
/// disk, and takes as long for a thousand writes as for one.
pub(super) struct Committer {
    environment: Arc<Environment>,
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    worker: Option<Worker>,
    stop: bool,
}

/// A write that waits for its commit.
struct Job {
    store: String,
    key: String,
    action: OwnedAction,
    ttl: Option<u64>,
    reply: oneshot::Sender<Answer>,
}

enum OwnedAction {
    Put(Vec<u8>),
    Create(Vec<u8>),
    Update(Vec<u8>, u64),
    Delete,
    DeleteWithVersion(u64),
    Purge,
}

/// Writes in one commit, at most.
const BATCH: usize = 4096;
/// How long a commit waits for as many writes as the last one had: those who wrote then were just
/// answered, and are about to write again.
const GATHER: Duration = Duration::from_micros(200);

impl Committer {
    pub(super) fn new(environment: Arc<Environment>) -> Arc<Self> {
        Arc::new(Self { environment, queue: Mutex::default(), filled: Condvar::new() })
    }

    /// Queues a write, in the order of the calls.
    pub(super) fn submit(self: &Arc<Self>, store: &str, write: Write<'_>) -> Submitted {
        let (reply, outcome) = oneshot::channel();
        let job = Job {
            store: store.to_owned(),
            key: write.key.to_owned(),
            action: OwnedAction::from(write.action),
            ttl: write.ttl,
            reply,
        };
        let mut queue = self.queue.lock();
        if queue.worker.is_none() && !queue.stop {
            let committer = self.clone();
            queue.worker = Worker::spawn("slipstream-commit", move || committer.run())
                .inspect_err(|error| tracing::error!(%error, "no thread for the committer"))
                .ok();
        }
        if queue.worker.is_none() || queue.stop {
            return Submitted::Refused;
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
            // Who is no longer waiting does not want the write.
            jobs.retain(|job| !job.reply.is_closed());
            last = jobs.len();
            survive(|| self.commit(jobs));
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

    fn commit(&self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let now = clock::now();
        let outcome = self.environment.change(|txn| {
            let mut batch = Batch { txn, metas: HashMap::new() };
            let answers = jobs.iter().map(|job| batch.write(job, now)).collect::<Result<_, _>>()?;
            batch.finish()?;
            Ok::<Vec<_>, _>(answers)
        });
        match outcome {
            Ok(answers) => {
                for (job, answer) in jobs.into_iter().zip(answers) {
                    // Nobody waits for it any longer: the write has happened all the same.
                    let _ = job.reply.send(answer);
                }
            }
            // One of them may be to blame, so each is tried by itself, unless it may have been made.
            Err(error) if jobs.len() > 1 && !matches!(error, KvError::ConnectionFailed(_)) => {
                jobs.into_iter().for_each(|job| self.commit(vec![job]))
            }
            Err(error) => jobs.into_iter().for_each(|job| {
                let _ = job.reply.send(Err(error.clone()));
            }),
        }
    }
}

/// Makes a commit that may panic. Whoever waits for it is told that its outcome is unknown, and the
/// writes behind it go on.
fn survive(commit: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(commit)).is_err() {
        tracing::error!("a commit panicked, please report it; its writes may have been made");
    }
}

/// The writes of one commit, with the counters of their stores.
struct Batch<'a, 'b> {
    txn: &'a mut (dyn WriteTxn + 'b),
    metas: HashMap<String, StoreMeta>,
}

impl Batch<'_, '_> {
    fn write(&mut self, job: &Job, now: u64) -> Result<Answer, KvError> {
        let meta = match self.metas.entry(job.store.clone()) {
            Entry::Occupied(meta) => meta.into_mut(),
            Entry::Vacant(place) => {
                let meta = StoreMeta::load(&*self.txn, &job.store)?;
                place.insert(meta.ok_or(KvError::NotConnected)?)
            }
        };
        let write = Write { key: &job.key, action: job.action.borrow(), ttl: job.ttl };
        rules::apply(self.txn, meta, write, now)
    }

    fn finish(self) -> Result<(), KvError> {
        self.metas.iter().try_for_each(|(name, meta)| meta.save(self.txn, name))
    }
}

impl From<Action<'_>> for OwnedAction {
    fn from(action: Action<'_>) -> Self {
        match action {
            Action::Put(value) => Self::Put(value.to_vec()),
            Action::Create(value) => Self::Create(value.to_vec()),
            Action::Update(value, expected) => Self::Update(value.to_vec(), expected),
            Action::Delete => Self::Delete,
            Action::DeleteWithVersion(expected) => Self::DeleteWithVersion(expected),
            Action::Purge => Self::Purge,
        }
    }
}

impl OwnedAction {
    fn borrow(&self) -> Action<'_> {
        match self {
            Self::Put(value) => Action::Put(value),
            Self::Create(value) => Action::Create(value),
            Self::Update(value, expected) => Action::Update(value, *expected),
            Self::Delete => Action::Delete,
            Self::DeleteWithVersion(expected) => Action::DeleteWithVersion(*expected),
            Self::Purge => Action::Purge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn w9_a_write_of_a_commit_that_panics_is_of_unknown_outcome() {
        let (reply, outcome) = oneshot::channel();
        survive(|| {
            let _of_the_commit = reply;
            panic!("in the middle of a commit");
        });
        let told = Submitted::Waiting(outcome).outcome().await;
        assert!(matches!(told, Err(KvError::ConnectionFailed(_))), "{told:?}");
    }
}
