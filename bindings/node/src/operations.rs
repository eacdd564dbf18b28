//! The operations of one JavaScript thread: what is under way, and how its outcomes come back.

use crate::answer;
use crate::failure::Failure;
use crate::js::{Scratch, js};
use crate::wake::Wake;
use napi::bindgen_prelude::{Array, Function, ToNapiValue, Uint8Array};
use napi::{Env, Result, sys};
use slipstream::cork::Cork;
use slipstream::handle;
use slipstream::kv::KvError;
use slipstream_bridge::{CompletionQueue, Operation, Outcome, Unfinished, Value};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The operations of one JavaScript thread, and the queue that tells which of them have ended.
pub struct Operations {
    env: Env,
    queue: Arc<CompletionQueue>,
    wake: Wake,
    pending: RefCell<HashMap<u32, Pending>>,
    /// What has ended and was not drained yet.
    ended: RefCell<VecDeque<u64>>,
    last: Cell<u32>,
    /// Holds back what operations ask for.
    cork: RefCell<Cork>,
    /// How many have begun since what they ask for was sent.
    unsent: Cell<usize>,
    /// The buffer through which small answers cross, which saves making one for each.
    scratch: RefCell<Uint8Array>,
}

/// What a native call returns: a number stands for an operation whose outcome will be drained, or
/// if negative for `-1 - n` bytes in the scratch buffer. No other answer is a number.
pub enum Answer {
    /// It is done.
    Ready(Ready),
    /// It is under way.
    Pending(u32),
}

/// An operation that ended where it began.
pub struct Ready {
    operations: Rc<Operations>,
    outcome: Outcome,
    convert: Convert,
}

/// Makes what JavaScript is given of an operation's value: data, or a handle on these operations.
pub(crate) type Convert =
    fn(&Env, &Rc<Operations>, Value, &mut Scratch<'_>) -> Result<sys::napi_value>;

struct Pending {
    operation: Operation,
    convert: Convert,
}

/// So many operations begin before what they ask for is sent, so that the server works meanwhile
/// and not in turns with the loop. Fewer would cost more in writes than they gain.
const CALLS_A_FLUSH: usize = 32;

/// So long one drain goes on. What is left is for the loop's next turn.
const DRAIN: Duration = Duration::from_millis(1);

impl Operations {
    /// The operations of the thread that `env` is of. `wake` is called there when there are
    /// outcomes to drain; small answers are written to `scratch`.
    pub(crate) fn new(env: Env, wake: &Function<(), ()>, scratch: Uint8Array) -> Result<Rc<Self>> {
        let wake = Wake::new(&env, wake)?;
        let operations = Rc::new(Self {
            env,
            queue: Arc::new(CompletionQueue::new(move || wake.ring())),
            wake,
            pending: RefCell::default(),
            ended: RefCell::default(),
            last: Cell::new(0),
            cork: RefCell::default(),
            unsent: Cell::new(0),
            scratch: RefCell::new(scratch),
        });
        // Runs before Node frees the wake-up function, because it was added later.
        env.add_env_cleanup_hook(operations.clone(), |operations| operations.end())?;
        Ok(operations)
    }

    /// Starts an operation that answers with data.
    pub(crate) fn run<F>(self: &Rc<Self>, future: F) -> Result<Answer>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        self.start(future, data)
    }

    /// Starts an operation whose value `convert` makes something of. Its future is polled once here;
    /// if it is not ready, its outcome is drained later, and the process stays alive until then.
    /// What it asks for is sent with that of others, at the latest when JavaScript calls `flush`.
    pub(crate) fn start<F>(self: &Rc<Self>, future: F, convert: Convert) -> Result<Answer>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut unfinished = Unfinished::new(future);
        if let Some(outcome) = unfinished.poll() {
            self.flush();
            return Ok(Answer::Ready(Ready { operations: self.clone(), outcome, convert }));
        }
        let id = self.unused();
        if self.pending.borrow().is_empty() {
            self.wake.hold(&self.env)?;
        }
        self.cork.borrow_mut().join(unfinished.take_cork());
        let operation = unfinished.push_to(&self.queue, u64::from(id));
        self.pending.borrow_mut().insert(id, Pending { operation, convert });
        self.unsent.set(self.unsent.get() + 1);
        if self.unsent.get() == CALLS_A_FLUSH {
            self.flush();
        }
        Ok(Answer::Pending(id))
    }

    /// The answer of what is known without an operation.
    pub(crate) fn ready(self: &Rc<Self>, outcome: Outcome) -> Answer {
        Answer::Ready(Ready { operations: self.clone(), outcome, convert: data })
    }

    /// The outcomes that are there, as `EventLoop::drain` hands them over.
    pub(crate) fn drain<'env>(self: &Rc<Self>, env: &'env Env) -> Result<Array<'env>> {
        let mut settled = env.create_array(0)?;
        let more = self.with_scratch(|scratch| self.settle(env, &mut settled, scratch))?;
        settled.insert(more)?;
        Ok(settled)
    }

    /// Sends what operations have asked for.
    pub(crate) fn flush(&self) {
        self.unsent.set(0);
        self.cork.borrow_mut().release();
    }

    /// Cancels an operation. A write may have happened by then.
    pub(crate) fn cancel(&self, id: u32) -> Result<()> {
        self.remove(id).map(drop)
    }

    /// Adds operations that have ended, each with its answer; whether there are more.
    fn settle(
        self: &Rc<Self>,
        env: &Env,
        settled: &mut Array<'_>,
        scratch: &mut Scratch<'_>,
    ) -> Result<bool> {
        let began = Instant::now();
        let mut taken = Vec::new();
        let mut ended = self.ended.borrow_mut();
        // Told again of what ends from here on, also while this goes through what has ended.
        while !ended.is_empty() || !self.queue.rest(|| {}) {
            self.queue.take(&mut taken);
            ended.extend(taken.drain(..));
            while let Some(id) = ended.pop_front() {
                // An operation that was cancelled meanwhile has nobody to take its outcome.
                let id = id as u32;
                if let Some(Pending { operation, convert }) = self.remove(id)?
                    && let Some(outcome) = operation.take()
                {
                    settled.insert(id)?;
                    settled.insert(self.to_js(env, outcome, convert, scratch)?)?;
                }
                if began.elapsed() >= DRAIN {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// An outcome as JavaScript gets it; small bytes in `scratch`. What JavaScript cannot hold is a
    /// failure of that one operation.
    fn to_js(
        self: &Rc<Self>,
        env: &Env,
        outcome: Outcome,
        convert: Convert,
        scratch: &mut Scratch<'_>,
    ) -> Result<sys::napi_value> {
        let converted = match outcome {
            Ok(value) => convert(env, self, value, scratch),
            Err(failure) => js(env, Failure::from(failure)),
        };
        converted.or_else(|error| {
            let error = KvError::OperationFailed(error.reason.to_string());
            // What it was the answer of has been done.
            let mut failure = handle::Failure::new(error, "answer");
            failure.outcome_unknown = true;
            js(env, Failure::from(failure))
        })
    }

    fn with_scratch<R>(&self, write: impl FnOnce(&mut Scratch<'_>) -> R) -> R {
        let mut scratch = self.scratch.borrow_mut();
        // SAFETY: JavaScript never runs while this does, so nobody else looks at the buffer, and it
        // hands it to no other thread.
        write(&mut Scratch(unsafe { scratch.as_mut() }))
    }

    fn unused(&self) -> u32 {
        let pending = self.pending.borrow();
        let mut id = self.last.get().wrapping_add(1);
        while pending.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        self.last.set(id);
        id
    }

    fn remove(&self, id: u32) -> Result<Option<Pending>> {
        let removed = self.pending.borrow_mut().remove(&id);
        if removed.is_some() && self.pending.borrow().is_empty() {
            self.wake.release(&self.env)?;
        }
        Ok(removed)
    }

    fn end(&self) {
        self.queue.close();
        self.pending.borrow_mut().clear();
        self.wake.free();
    }
}

impl ToNapiValue for Answer {
    unsafe fn to_napi_value(env: sys::napi_env, answer: Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(env);
        match answer {
            Self::Ready(Ready { operations, outcome, convert }) => {
                operations.with_scratch(|scratch| operations.to_js(&env, outcome, convert, scratch))
            }
            Self::Pending(id) => js(&env, id),
        }
    }
}

fn data(
    env: &Env,
    _: &Rc<Operations>,
    value: Value,
    scratch: &mut Scratch<'_>,
) -> Result<sys::napi_value> {
    answer::data(env, value, scratch)
}
