//! One commit: the writes in it, and their answers.

use super::environment::Environment;
use crate::embedded::engine::{Answer, Named, WriteTxn};
use crate::embedded::meta::StoreMeta;
use crate::embedded::rules;
use crate::kv::{Action, Condition, KvError, Write};
use crate::platform::clock;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;
use tokio::sync::oneshot;

/// A write that waits for its commit.
pub(super) struct Job {
    store: String,
    /// The number of the store.
    id: u32,
    key: String,
    action: OwnedAction,
    reply: oneshot::Sender<Answer>,
}

/// An [`Action`] that can be kept.
enum OwnedAction {
    Put { value: Vec<u8>, condition: Condition, ttl: Option<Duration> },
    Delete { expected: Option<u64> },
    Purge,
}

/// Makes one commit of these writes, and answers them.
pub(super) fn commit(environment: &Environment, jobs: Vec<Job>) {
    let now = clock::now();
    let outcome = environment.change(|txn| {
        let mut batch = Batch { txn, metas: HashMap::new() };
        let answers = jobs.iter().map(|job| batch.write(job, now)).collect::<Result<_, _>>()?;
        batch.finish()?;
        Ok::<Vec<_>, _>(answers)
    });
    match outcome {
        Ok(answers) => {
            for (job, answer) in jobs.into_iter().zip(answers) {
                job.answer(answer);
            }
        }
        // One write may have failed all of them, so each is tried in a commit of its own. A commit
        // that may have been made is not tried again (W9).
        Err(error) if jobs.len() > 1 && !matches!(error, KvError::ConnectionFailed(_)) => {
            jobs.into_iter().for_each(|job| commit(environment, vec![job]))
        }
        Err(error) => jobs.into_iter().for_each(|job| job.answer(Err(error.clone()))),
    }
}

impl Job {
    pub(super) fn new(store: Named<'_>, write: Write<'_>, reply: oneshot::Sender<Answer>) -> Self {
        let Named { name, id } = store;
        let (store, key) = (name.to_owned(), write.key.to_owned());
        Self { store, id, key, action: OwnedAction::from(write.action), reply }
    }

    /// True as long as somebody waits for the answer.
    pub(super) fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }

    /// Sends the answer to the caller. A caller that no longer waits has written all the same.
    pub(super) fn answer(self, answer: Answer) {
        let _ = self.reply.send(answer);
    }
}

/// The writes of one commit, with the names and the counters of their stores by their numbers.
struct Batch<'a, 'b> {
    txn: &'a mut (dyn WriteTxn + 'b),
    metas: HashMap<u32, (String, StoreMeta)>,
}

impl Batch<'_, '_> {
    fn write(&mut self, job: &Job, now: u64) -> Result<Answer, KvError> {
        let (_, meta) = match self.metas.entry(job.id) {
            Entry::Occupied(meta) => meta.into_mut(),
            Entry::Vacant(place) => match StoreMeta::of(&*self.txn, &job.store, job.id)? {
                Some(meta) => place.insert((job.store.clone(), meta)),
                None => return Ok(Err(KvError::StoreNotFound)),
            },
        };
        let write = Write { key: &job.key, action: job.action.borrow() };
        rules::apply(self.txn, meta, write, now)
    }

    fn finish(self) -> Result<(), KvError> {
        self.metas.values().try_for_each(|(name, meta)| meta.save(self.txn, name))
    }
}

impl From<Action<'_>> for OwnedAction {
    fn from(action: Action<'_>) -> Self {
        match action {
            Action::Put { value, condition, ttl } => {
                Self::Put { value: value.to_vec(), condition, ttl }
            }
            Action::Delete { expected } => Self::Delete { expected },
            Action::Purge => Self::Purge,
        }
    }
}

impl OwnedAction {
    fn borrow(&self) -> Action<'_> {
        match *self {
            Self::Put { ref value, condition, ttl } => Action::Put { value, condition, ttl },
            Self::Delete { expected } => Action::Delete { expected },
            Self::Purge => Action::Purge,
        }
    }
}
