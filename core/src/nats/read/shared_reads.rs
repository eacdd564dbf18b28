//! Reads of a key that wait at the same time, asked for in one request.
//!
//! The server needs a third less time for many keys of one request than for a request each, and so
//! does this side. A read that is alone is never held up: only those that come while others are
//! under way are gathered, and only until what is ready now has run.

use super::reader::{Last, last_of};
use crate::cork::Flush;
use crate::kv::KvError;
use crate::lock::Mutex;
use crate::nats::jetstream::api::MultiRequest;
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::message::end_of_batch;
use crate::nats::transport::lane::LARGEST;
use crate::nats::transport::link::Link;
use crate::nats::transport::pending::Outcome;
use crate::nats::transport::request::{Requests, Unanswered};
use crate::nats::transport::response::{NOT_FOUND, Response};
use async_nats::Subject;
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// The reads of one bucket.
pub(in crate::nats) struct SharedReads {
    link: Arc<Link>,
    /// Whom to ask for many keys; a subject after it, for one.
    asked: String,
    under_way: AtomicUsize,
    waiting: Mutex<Vec<Waiter>>,
    /// Whether this user may not ask for many keys at once.
    denied: Arc<AtomicBool>,
}

/// One that waits for the last message of a subject. It reads alone when this is dropped.
struct Waiter {
    subject: String,
    answer: Teller,
}

type Teller = oneshot::Sender<Option<Last>>;
/// Most keys are read by one at a time.
type Tellers = SmallVec<[Teller; 1]>;

/// Fewer keys cost the server less in a request each.
const FEW: usize = 4;
/// The most keys of one request. The server keeps writes waiting while it reads them.
const MOST: usize = 128;
/// How long an answer may take before everyone asks alone.
const PATIENCE: Duration = Duration::from_secs(1);

impl SharedReads {
    pub(in crate::nats) fn new(link: Arc<Link>, stream: &str) -> Self {
        Self {
            link,
            asked: ["$JS.API.DIRECT.GET.", stream].concat(),
            under_way: AtomicUsize::new(0),
            waiting: Mutex::default(),
            denied: Arc::default(),
        }
    }

    /// Counts a read for as long as the answer to this call lives.
    pub(in crate::nats) fn enter(&self) -> Reading<'_> {
        let others = self.under_way.fetch_add(1, Ordering::Relaxed);
        Reading { shared_reads: self, alone: others == 0 }
    }

    /// Asks for these. Whoever is left without an answer asks alone and is told what is wrong.
    fn ask(&self, waiters: Vec<Waiter>) {
        let Some(requests) = self.link.lane().and_then(|lane| lane.requests(0)) else { return };
        let mut asked: HashMap<String, Tellers> = HashMap::with_capacity(waiters.len());
        for Waiter { subject, answer } in waiters {
            if !answer.is_closed() {
                asked.entry(subject).or_default().push(answer);
            }
        }
        if asked.len() >= FEW {
            self.ask_together(requests, asked);
        } else {
            asked.into_iter().for_each(|(subject, tellers)| {
                self.ask_each(requests, &subject, tellers);
            });
        }
    }

    fn ask_each(&self, requests: &Requests, subject: &str, tellers: Tellers) {
        let asked = [&self.asked, ".", subject].concat();
        let mut tellers = Some(tellers);
        let listener = move |outcome: Outcome| {
            if let (Ok(response), Some(tellers)) = (outcome, tellers.take())
                && let Some(last) = read(&response)
            {
                tell(tellers, &last);
            }
            true
        };
        requests.tell(asked.into(), &[], PATIENCE, Box::new(listener));
    }

    fn ask_together(&self, requests: &Requests, mut asked: HashMap<String, Tellers>) {
        let subjects: Vec<&str> = asked.keys().map(String::as_str).collect();
        let Ok(request) = (MultiRequest { multi_last: &subjects }).encode() else { return };
        if request.len() > LARGEST {
            return;
        }
        let denied = self.denied.clone();
        let listener = move |outcome: Outcome| match outcome {
            Ok(response) => match end_of_batch(&response) {
                None => take(&response, &mut asked).is_err(),
                Some(complete) => {
                    // A key that was not answered for is not there.
                    let rest = std::mem::take(&mut asked).into_values();
                    rest.filter(|_| complete).for_each(|tellers| tell(tellers, &None));
                    true
                }
            },
            Err(why) => {
                denied.fetch_or(matches!(why, Unanswered::Denied(_)), Ordering::Relaxed);
                true
            }
        };
        let to = Subject::from(self.asked.as_str());
        requests.tell(to, &request, PATIENCE, Box::new(listener));
    }
}

impl Flush for SharedReads {
    /// Asks for what is waiting now. What comes later is another request's: it may follow a write
    /// that this one is too early for (R5).
    fn flush(&self) {
        let waiters = std::mem::take(&mut *self.waiting.lock());
        self.ask(waiters);
    }
}

/// A read that is under way.
pub(in crate::nats) struct Reading<'a> {
    shared_reads: &'a SharedReads,
    alone: bool,
}

impl Reading<'_> {
    /// The last message of a key, read together with others; nothing if it is to be read alone.
    pub(in crate::nats) async fn shared(&self, bucket: &Bucket, key: &str) -> Option<Option<Last>> {
        if self.alone || !bucket.multi_get || bucket.large_values {
            return None;
        }
        let lane = bucket.link.lane().filter(|lane| lane.requests(0).is_some())?;
        if self.shared_reads.denied.load(Ordering::Relaxed) {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        let waiting = {
            let mut waiting = self.shared_reads.waiting.lock();
            waiting.push(Waiter { subject: bucket.subject(key), answer });
            waiting.len()
        };
        if waiting == MOST {
            bucket.shared_reads.flush();
        } else {
            // Each call says so: those that wait already may be held back by somebody else.
            lane.flush_soon(&bucket.shared_reads);
        }
        answered.await.ok()
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.shared_reads.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What one message of many says of its key.
fn take(response: &Response, asked: &mut HashMap<String, Tellers>) -> Result<(), KvError> {
    let said = response.said();
    let (subject, last) = (said.subject()?, last_of(&said, response)?);
    if let Some(tellers) = subject.and_then(|subject| asked.remove(subject)) {
        tell(tellers, &Some(last));
    }
    Ok(())
}

/// What the answer for one key says; nothing if that is no answer.
fn read(response: &Response) -> Option<Option<Last>> {
    match response.status() {
        None => last_of(&response.said(), response).ok().map(Some),
        Some(NOT_FOUND) => Some(None),
        Some(_) => None,
    }
}

fn tell(tellers: Tellers, last: &Option<Last>) {
    for teller in tellers {
        // One that no longer waits needs no answer.
        let _ = teller.send(last.clone());
    }
}
