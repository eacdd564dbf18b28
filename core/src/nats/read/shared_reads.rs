//! Reads of a key that wait at the same time, asked for in one request.
//!
//! The server needs a third less time for many keys of one request than for a request each, and so
//! does this side. A read that is alone is never held up: only those that come while others are
//! under way are gathered, and only until what is ready now has run.

use super::last::Last;
use crate::cork::Flush;
use crate::kv::KvError;
use crate::lock::Mutex;
use crate::nats::jetstream::api::MultiRequest;
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::known::Known;
use crate::nats::jetstream::message::{Said, end_of_batch};
use crate::nats::transport::lane::{LARGEST, Lane};
use crate::nats::transport::pending::Outcome;
use crate::nats::transport::response::{NOT_FOUND, Response};
use crate::nats::transport::router::Router;
use crate::nats::transport::unanswered::Unanswered;
use async_nats::Subject;
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// The reads of one bucket.
pub(in crate::nats) struct SharedReads {
    router: Arc<Router>,
    known: Arc<Known>,
    /// The subject that many keys are asked of; with a key's subject behind it, that one key.
    asked: String,
    under_way: AtomicUsize,
    waiting: Mutex<Vec<Waiter>>,
    /// True if this user may not ask for many keys at once.
    denied: Arc<AtomicBool>,
}

/// One that waits for the last message of a subject. It reads alone when this is dropped.
struct Waiter {
    subject: String,
    answer: LastSender,
}

type LastSender = oneshot::Sender<Option<Last>>;
/// Most keys are read by one at a time.
type LastSenders = SmallVec<[LastSender; 1]>;

/// Fewer keys cost the server less in a request each.
const FEW: usize = 4;
/// The most keys of one request. The server keeps writes waiting while it reads them.
const MOST: usize = 128;
/// How long an answer may take before everyone asks alone.
const SHARED_TIMEOUT: Duration = Duration::from_secs(1);

impl SharedReads {
    pub(in crate::nats) fn new(router: Arc<Router>, known: Arc<Known>, stream: &str) -> Self {
        Self {
            router,
            known,
            asked: ["$JS.API.DIRECT.GET.", stream].concat(),
            under_way: AtomicUsize::new(0),
            waiting: Mutex::default(),
            denied: Arc::default(),
        }
    }

    /// Counts a read for as long as the answer to this call lives.
    pub(in crate::nats) fn enter(self: &Arc<Self>) -> Reading<'_> {
        let others = self.under_way.fetch_add(1, Ordering::Relaxed);
        Reading { shared_reads: self, alone: others == 0 }
    }

    /// Asks for these keys. A read that is left without an answer asks alone and gets the error.
    fn ask(&self, waiters: Vec<Waiter>) {
        let Some(lane) = self.router.open_lane() else { return };
        let mut asked: HashMap<String, LastSenders> = HashMap::with_capacity(waiters.len());
        for Waiter { subject, answer } in waiters {
            if !answer.is_closed() {
                asked.entry(subject).or_default().push(answer);
            }
        }
        if asked.len() >= FEW {
            self.ask_together(lane, asked);
        } else {
            asked.into_iter().for_each(|(subject, senders)| {
                self.ask_each(lane, &subject, senders);
            });
        }
    }

    fn ask_each(&self, lane: &Lane, subject: &str, senders: LastSenders) {
        let asked = [&self.asked, ".", subject].concat();
        let (mut senders, known) = (Some(senders), self.known.clone());
        let listener = move |outcome: Outcome| {
            if let (Ok(response), Some(senders)) = (outcome, senders.take())
                && let Some(last) = read(&known, &response)
            {
                tell(senders, &last);
            }
            true
        };
        lane.tell(asked.into(), &[], SHARED_TIMEOUT, Box::new(listener));
    }

    fn ask_together(&self, lane: &Lane, mut asked: HashMap<String, LastSenders>) {
        let subjects: Vec<&str> = asked.keys().map(String::as_str).collect();
        let Ok(request) = (MultiRequest { multi_last: &subjects }).encode() else { return };
        if request.len() > LARGEST {
            return;
        }
        let (denied, known) = (self.denied.clone(), self.known.clone());
        let listener = move |outcome: Outcome| match outcome {
            Ok(response) => match end_of_batch(&response) {
                None => take(&known, &response, &mut asked).is_err(),
                Some(complete) => {
                    // A key that was not answered for is not there.
                    let rest = std::mem::take(&mut asked).into_values();
                    rest.filter(|_| complete).for_each(|senders| tell(senders, &None));
                    true
                }
            },
            Err(why) => {
                denied.fetch_or(matches!(why, Unanswered::Denied(_)), Ordering::Relaxed);
                true
            }
        };
        let to = Subject::from(self.asked.as_str());
        lane.tell(to, &request, SHARED_TIMEOUT, Box::new(listener));
    }
}

impl Flush for SharedReads {
    /// Asks for the reads that are waiting now. Later reads go with another request: they may
    /// follow a write that this request is too early for (R5).
    fn flush(&self) {
        let waiters = std::mem::take(&mut *self.waiting.lock());
        self.ask(waiters);
    }
}

/// A read that is under way.
pub(in crate::nats) struct Reading<'a> {
    shared_reads: &'a Arc<SharedReads>,
    alone: bool,
}

impl Reading<'_> {
    /// The last message of a key, read together with others; nothing if it is to be read alone.
    pub(in crate::nats) async fn shared(&self, bucket: &Bucket, key: &str) -> Option<Option<Last>> {
        if self.alone || !bucket.known.reads_many() || bucket.known.has_large_values() {
            return None;
        }
        let lane = bucket.router().open_lane()?;
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
            self.shared_reads.flush();
        } else {
            // Each call says so: those that wait already may be held back by somebody else.
            lane.flush_soon(self.shared_reads);
        }
        answered.await.ok()
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.shared_reads.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads one message of many, and answers the reads of its key.
fn take(
    known: &Known,
    response: &Response,
    asked: &mut HashMap<String, LastSenders>,
) -> Result<(), KvError> {
    let said = Said::by(response);
    let (subject, last) = (said.subject()?, Last::of(known, &said, response)?);
    if let Some(senders) = subject.and_then(|subject| asked.remove(subject)) {
        tell(senders, &Some(last));
    }
    Ok(())
}

/// Reads the answer for one key; none if it is no answer.
fn read(known: &Known, response: &Response) -> Option<Option<Last>> {
    match response.status() {
        None => Last::of(known, &Said::by(response), response).ok().map(Some),
        Some(NOT_FOUND) => Some(None),
        Some(_) => None,
    }
}

fn tell(senders: LastSenders, last: &Option<Last>) {
    for sender in senders {
        // One that no longer waits needs no answer.
        let _ = sender.send(last.clone());
    }
}
