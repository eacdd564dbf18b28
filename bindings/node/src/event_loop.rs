use crate::answer::{Answer, Scratch, to_js};
use crate::nats::NatsArguments;
use crate::wake::Wake;
use napi::bindgen_prelude::{Array, Function, Uint8Array};
use napi::{Env, Result};
use napi_derive::napi;
use slipstream::cork::Cork;
use slipstream::handle::{ConnectOptions, Failure, connect};
use slipstream_bridge::{CompletionQueue, Operation, Outcome, Unfinished, Value, millis};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The operations of one JavaScript thread: what is under way, and the queue its outcomes come
/// back through.
pub struct Operations {
    env: Env,
    queue: Arc<CompletionQueue>,
    wake: Wake,
    pending: RefCell<HashMap<u32, Operation>>,
    /// What has ended and was not drained yet.
    ended: RefCell<VecDeque<u64>>,
    last: Cell<u32>,
    /// Holds back what operations ask for.
    cork: RefCell<Cork>,
    /// How many have begun since what they ask for was sent.
    unsent: Cell<usize>,
    scratch: RefCell<Uint8Array>,
}

/// So many operations begin before what they ask for is sent, so that the server works meanwhile
/// and not in turns with the loop. Fewer would cost more in writes than they gain.
const CALLS_A_FLUSH: usize = 32;

/// So long one drain goes on. What is left is for the loop's next turn.
const DRAIN: Duration = Duration::from_millis(1);

impl Operations {
    /// Starts an operation. Its future is polled once here; if it is not ready, its outcome is
    /// drained later, and the process stays alive until then. What it asks for is sent with that of
    /// others, at the latest when JavaScript calls `flush`.
    pub(crate) fn run<F>(self: &Rc<Self>, future: F) -> Result<Answer>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut unfinished = Unfinished::new(future);
        if let Some(outcome) = unfinished.poll() {
            self.flush();
            return Ok(Answer::Ready(self.clone(), outcome));
        }
        let id = self.unused();
        if self.pending.borrow().is_empty() {
            self.wake.hold(&self.env)?;
        }
        self.cork.borrow_mut().join(unfinished.take_cork());
        let operation = unfinished.push_to(&self.queue, u64::from(id));
        self.pending.borrow_mut().insert(id, operation);
        self.unsent.set(self.unsent.get() + 1);
        if self.unsent.get() == CALLS_A_FLUSH {
            self.flush();
        }
        Ok(Answer::Pending(id))
    }

    /// Sends what operations have asked for.
    fn flush(&self) {
        self.unsent.set(0);
        self.cork.borrow_mut().release();
    }

    /// The buffer through which small answers cross, which saves making one for each.
    pub(crate) fn scratch(&self) -> &RefCell<Uint8Array> {
        &self.scratch
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

    fn remove(&self, id: u32) -> Result<Option<Operation>> {
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

/// One JavaScript thread's way to the core.
#[napi]
pub struct EventLoop {
    operations: Rc<Operations>,
}

#[napi]
impl EventLoop {
    /// An event loop whose `wake` is called when there are outcomes to drain. `scratch` is where
    /// small answers are written to.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<(), ()>, scratch: Uint8Array) -> Result<Self> {
        let wake = Wake::new(&env, &wake)?;
        let operations = Rc::new(Operations {
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
        Ok(Self { operations })
    }

    /// Connects; times are in milliseconds.
    #[napi(catch_unwind)]
    pub fn connect(
        &self,
        url: String,
        timeout: Option<f64>,
        connect_timeout: Option<f64>,
        nats: NatsArguments,
    ) -> Result<Answer> {
        self.operations.run(async move {
            let defaults = ConnectOptions::default();
            let time = |field, given: Option<f64>, default| {
                let time = given.map_or(Ok(default), |given| millis(field, given));
                time.map_err(|error| Failure::new(error, "connect"))
            };
            let options = ConnectOptions {
                timeout: time("timeout", timeout, defaults.timeout)?,
                connect_timeout: time("connectTimeout", connect_timeout, defaults.connect_timeout)?,
                nats: nats.into(),
            };
            connect(&url, options).await.map(Value::Session)
        })
    }

    /// The outcomes that are there: operation, answer, operation, answer and so on, and last
    /// whether there are more than one drain hands over. Small answers are behind one another in
    /// the scratch buffer.
    #[napi(catch_unwind)]
    pub fn drain<'env>(&self, env: &'env Env) -> Result<Array<'env>> {
        let began = Instant::now();
        let operations = &self.operations;
        let mut settled = env.create_array(0)?;
        let mut taken = Vec::new();
        let mut ended = operations.ended.borrow_mut();
        let mut scratch = operations.scratch.borrow_mut();
        // SAFETY: JavaScript never runs while this does, so nobody else looks at the buffer, and it
        // hands it to no other thread.
        let mut scratch = Scratch(unsafe { scratch.as_mut() });
        // Told again of what ends from here on, also while this goes through what has ended.
        while !ended.is_empty() || !operations.queue.rest(|| {}) {
            operations.queue.take(&mut taken);
            ended.extend(taken.drain(..));
            while let Some(id) = ended.pop_front() {
                // An operation that was cancelled meanwhile has nobody to take its outcome.
                let id = id as u32;
                if let Some(outcome) = operations.remove(id)?.and_then(|it| it.take()) {
                    settled.insert(id)?;
                    settled.insert(to_js(env, operations, outcome, &mut scratch)?)?;
                }
                if began.elapsed() >= DRAIN {
                    settled.insert(true)?;
                    return Ok(settled);
                }
            }
        }
        settled.insert(false)?;
        Ok(settled)
    }

    /// Sends what operations have asked for since the last time.
    #[napi(catch_unwind)]
    pub fn flush(&self) {
        self.operations.flush();
    }

    /// Cancels an operation. A write may have happened by then.
    #[napi(catch_unwind)]
    pub fn cancel(&self, id: u32) -> Result<()> {
        self.operations.remove(id).map(drop)
    }
}
