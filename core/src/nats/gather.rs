//! Reads of a key that wait at the same time, asked for in one request.
//!
//! The server needs a third less time for many keys of one request than for a request each, and so
//! does this side. A read that is alone is never held up: only those that come while others are
//! under way are gathered, and only until the runtime has been through what is ready now.

use super::api::MultiRequest;
use super::bucket::Bucket;
use super::read::{Last, last_of};
use super::response::Response;
use crate::kv::KvError;
use crate::lock::Mutex;
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::oneshot;

/// The reads of one bucket.
#[derive(Default)]
pub(super) struct Gather {
    under_way: AtomicUsize,
    waiting: Mutex<Vec<Waiter>>,
    /// Whether this user may not ask for many keys at once.
    denied: AtomicBool,
}

/// One that waits for the last message of a subject. It reads alone when this is dropped.
struct Waiter {
    subject: String,
    answer: oneshot::Sender<Option<Last>>,
}

/// Fewer keys cost the server less in a request each.
const FEW: usize = 4;
/// The most keys of one request. The server keeps writes waiting while it reads them.
const MOST: usize = 128;

impl Gather {
    /// Counts a read for as long as the answer to this call lives.
    pub(super) fn enter(&self) -> Reading<'_> {
        let others = self.under_way.fetch_add(1, Ordering::Relaxed);
        Reading { gather: self, alone: others == 0 }
    }

    /// What is waiting now. What comes later is another request's: it may follow a write that this
    /// one is too early for (R5).
    fn take(&self) -> Vec<Waiter> {
        std::mem::take(&mut self.waiting.lock())
    }
}

/// A read that is under way.
pub(super) struct Reading<'a> {
    gather: &'a Gather,
    alone: bool,
}

impl Reading<'_> {
    /// The last message of a key, read together with others; nothing if it is to be read alone.
    pub(super) async fn shared(&self, bucket: &Arc<Bucket>, key: &str) -> Option<Option<Last>> {
        if self.alone || !bucket.multi_get || bucket.large_values {
            return None;
        }
        if self.gather.denied.load(Ordering::Relaxed) {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        let full = {
            let mut waiting = self.gather.waiting.lock();
            waiting.push(Waiter { subject: bucket.subject(key), answer });
            match waiting.len() {
                1 => Some(None),
                MOST => Some(Some(std::mem::take(&mut *waiting))),
                _ => None,
            }
        };
        if let Some(full) = full {
            // In a task of its own, which others can rely on when this read is given up.
            bucket.link.runtime().spawn(ask(bucket.clone(), full));
        }
        answered.await.ok()
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.gather.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Asks for these, or else for what is waiting once there is a connection. Whoever is left without
/// an answer asks alone and is told what is wrong.
async fn ask(bucket: Arc<Bucket>, full: Option<Vec<Waiter>>) {
    let Bucket { link, gather, .. } = &*bucket;
    if link.ready().await.is_err() {
        gather.take();
        return;
    }
    let mut asked: HashMap<String, SmallVec<[oneshot::Sender<_>; 1]>> = HashMap::new();
    for Waiter { subject, answer } in full.unwrap_or_else(|| gather.take()) {
        if !answer.is_closed() {
            asked.entry(subject).or_default().push(answer);
        }
    }
    if asked.len() < FEW {
        return;
    }
    let subjects: Vec<&str> = asked.keys().map(String::as_str).collect();
    let Ok(request) = (MultiRequest { multi_last: &subjects }).encode() else { return };
    let mut tell = |subject: &str, last: &Option<Last>| {
        for answer in asked.remove(subject).into_iter().flatten() {
            // One that no longer waits needs no answer.
            let _ = answer.send(last.clone());
        }
    };
    let take = |(): &mut (), response: &Response| {
        let said = response.said();
        tell(said.subject()?, &Some(last_of(&said, response)?));
        Ok(())
    };
    match bucket.last_of_each(request, || (), take).await {
        // A key that was not answered for is not there.
        Ok(Some(())) => asked.into_values().flatten().for_each(|answer| drop(answer.send(None))),
        Ok(None) => {}
        Err(KvError::PermissionDenied(_)) => gather.denied.store(true, Ordering::Relaxed),
        Err(error) => tracing::debug!(store = bucket.name, %error, "reads are made one by one"),
    }
}
