//! The queue that tells one event loop which of its operations have ended.

use super::waiter::Waiter;
use pyo3::exceptions::{PyException, PyNotImplementedError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyWeakrefMethods;
use pyo3::types::PyWeakrefReference;
use pyo3::{PyTraverseError, PyVisit};
use slipstream::cork::Cork;
use slipstream::lifecycle::fork::Process;
use slipstream_bridge::{CompletionQueue, lock};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What one event loop waits for: its operations, the queue that tells which of them have ended,
/// and the socket that wakes it.
///
/// Only the loop itself holds it, as the reader of the socket, and the calls that wait here. So
/// it is freed with them: when the loop is closed, or collected.
#[pyclass(frozen, weakref, module = "slipstream._native")]
pub(crate) struct LoopQueue {
    completions: Arc<CompletionQueue>,
    woken: UnixStream,
    waiting: Mutex<Waiting>,
    /// Holds back what the operations of this turn ask for.
    cork: Mutex<Cork>,
    /// Whether the loop will send it.
    flushes: AtomicBool,
    owner: Process,
}

/// The waiters of a loop, in places that are used again.
#[derive(Default)]
struct Waiting {
    places: Vec<Place>,
    free: Vec<u32>,
    /// Those that have ended, and how many of them were told.
    ended: Vec<u64>,
    told: usize,
}

#[derive(Default)]
struct Place {
    /// Which of those that had this place it is.
    turn: u32,
    waiter: Option<Py<Waiter>>,
}

/// The loop that this thread ran last, and its queue.
struct Last {
    event_loop: Py<PyWeakrefReference>,
    queue: Py<PyWeakrefReference>,
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// So many tasks go on before what they asked for is sent, so that the server works meanwhile and
/// not in turns with the loop. Fewer would cost more in writes than they gain.
const TASKS_A_FLUSH: usize = 32;

impl LoopQueue {
    /// The queue of the running event loop, and the loop. An error where none runs.
    pub(crate) fn running(py: Python<'_>) -> PyResult<(Bound<'_, Self>, Bound<'_, PyAny>)> {
        static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let event_loop = RUNNING.import(py, "asyncio", "get_running_loop")?.call0()?;
        let last = LAST.with_borrow(|last| last.as_ref().and_then(|last| last.of(&event_loop)));
        let queue = match last {
            Some(queue) => queue,
            None => {
                let queue = Self::known(&event_loop)?;
                let last = Last {
                    event_loop: PyWeakrefReference::new(&event_loop)?.unbind(),
                    queue: PyWeakrefReference::new(&queue)?.unbind(),
                };
                drop(LAST.replace(Some(last)));
                queue
            }
        };
        Ok((queue, event_loop))
    }

    /// The queue that ended operations are pushed to.
    pub(crate) fn completions(&self) -> &Arc<CompletionQueue> {
        &self.completions
    }

    /// Has `waiter` wait for one more operation: the id to push it under.
    pub(crate) fn wait(&self, waiter: Py<Waiter>) -> u64 {
        let mut waiting = lock(&self.waiting);
        let index = waiting.free.pop().unwrap_or_else(|| {
            waiting.places.push(Place::default());
            waiting.places.len() as u32 - 1
        });
        let place = &mut waiting.places[index as usize];
        place.waiter = Some(waiter);
        u64::from(place.turn) << 32 | u64::from(index)
    }

    /// Waits for an operation no more: its waiter, if it was still waiting.
    pub(crate) fn leave(&self, id: u64) -> Option<Py<Waiter>> {
        lock(&self.waiting).leave(id)
    }

    /// Sees to it that what an operation has asked for is sent in this turn of the loop.
    pub(crate) fn send_soon(
        slf: &Bound<'_, Self>,
        event_loop: &Bound<'_, PyAny>,
        asked: Cork,
    ) -> PyResult<()> {
        if !asked.is_held() {
            return Ok(());
        }
        lock(&slf.get().cork).join(asked);
        if !slf.get().flushes.swap(true, Ordering::Relaxed) {
            let py = slf.py();
            let flush = slf.getattr(intern!(py, "flush"))?;
            event_loop.call_method1(intern!(py, "call_soon"), (flush,))?;
        }
        Ok(())
    }

    /// The queue of a loop, made if there is none.
    fn known<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let py = event_loop.py();
        let queues = queues(py)?;
        let known = queues.call_method1(intern!(py, "get"), (event_loop,))?;
        if !known.is_none() {
            let known = known.call0()?.cast_into::<Self>();
            if let Ok(queue) = known
                && queue.get().owner.is_this()
            {
                return Ok(queue);
            }
        }
        let queue = Self::attach(py, event_loop)?;
        queues.set_item(event_loop, PyWeakrefReference::new(&queue)?)?;
        Ok(queue)
    }

    fn attach<'py>(py: Python<'py>, event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let (woken, wake) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        wake.set_nonblocking(true)?;
        let queue = Self {
            // A full socket wakes the loop as well, and a closed one has nobody to wake.
            completions: Arc::new(CompletionQueue::new(move || {
                let _ = (&wake).write(&[0]);
            })),
            woken,
            waiting: Mutex::default(),
            cork: Mutex::default(),
            flushes: AtomicBool::new(false),
            owner: Process::this(),
        };
        let fd = queue.woken.as_raw_fd();
        let queue = Bound::new(py, queue)?;
        let drain = queue.getattr(intern!(py, "drain"))?;
        event_loop.call_method1(intern!(py, "add_reader"), (fd, drain)).map_err(|error| {
            if error.is_instance_of::<PyNotImplementedError>(py) {
                let text = "this event loop has no add_reader; on Windows use a SelectorEventLoop";
                return PyRuntimeError::new_err(text);
            }
            error
        })?;
        Ok(queue)
    }

    /// Takes what has ended, unless there is something left of the last time: a task may have
    /// ended that turn with an exception, or run the loop from within.
    fn take(&self) {
        let mut waiting = lock(&self.waiting);
        let Waiting { ended, told, .. } = &mut *waiting;
        if *told == ended.len() {
            ended.clear();
            *told = 0;
            self.completions.take(ended);
        }
    }

    /// The waiter of the next one that has ended; one that was given up has none.
    fn next(&self) -> Option<Option<Py<Waiter>>> {
        let mut waiting = lock(&self.waiting);
        let id = *waiting.ended.get(waiting.told)?;
        waiting.told += 1;
        Some(waiting.leave(id))
    }

    /// Has the tasks go on whose operations have ended.
    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        self.take();
        let mut tasks = 0;
        while let Some(waiter) = self.next() {
            let Some(waiter) = waiter else { continue };
            if let Err(error) = Waiter::settle(waiter.bind(py)) {
                if !error.is_instance_of::<PyException>(py) {
                    // As one that a task has raised, it ends the turn.
                    return Err(error);
                }
                error.write_unraisable(py, None);
            }
            tasks += 1;
            if tasks % TASKS_A_FLUSH == 0 {
                lock(&self.cork).release();
            }
        }
        Ok(())
    }

    /// Waits to be woken, if there is nothing to do.
    fn rest(&self) {
        let waiting = lock(&self.waiting);
        if waiting.told == waiting.ended.len() {
            // Else the socket stays readable, and the loop comes back in its next turn.
            self.completions.rest(|| while matches!((&self.woken).read(&mut [0; 64]), Ok(64)) {});
        }
    }
}

#[pymethods]
impl LoopQueue {
    /// Has the tasks go on whose operations have ended. The loop calls it when the socket is
    /// readable.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        if !self.owner.is_this() {
            // The socket is its parent's as well, and what is read here it would not hear of.
            return Ok(());
        }
        self.flushes.store(true, Ordering::Relaxed);
        let settled = self.settle(py);
        // A task may have run the loop from within. That has come here first, since the socket is
        // still readable, and then sees to what it asks for by itself.
        self.flush();
        settled?;
        self.rest();
        Ok(())
    }

    /// Sends what operations have asked for.
    fn flush(&self) {
        self.flushes.store(false, Ordering::Relaxed);
        lock(&self.cork).release();
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The lock is never held while Python runs, so it is free when a collection starts.
        if let Ok(waiting) = self.waiting.try_lock() {
            waiting.places.iter().try_for_each(|place| visit.call(&place.waiter))?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        let places = std::mem::take(&mut *lock(&self.waiting));
        drop(places);
    }
}

impl Waiting {
    fn leave(&mut self, id: u64) -> Option<Py<Waiter>> {
        let index = id as u32;
        let place = self.places.get_mut(index as usize)?;
        if u64::from(place.turn) != id >> 32 {
            return None;
        }
        let waiter = place.waiter.take()?;
        place.turn = place.turn.wrapping_add(1);
        self.free.push(index);
        Some(waiter)
    }
}

impl Last {
    /// The queue, if this was the loop.
    fn of<'py>(&self, event_loop: &Bound<'py, PyAny>) -> Option<Bound<'py, LoopQueue>> {
        let py = event_loop.py();
        let known = self.event_loop.bind(py).upgrade()?;
        let queue = self.queue.bind(py).upgrade()?.cast_into::<LoopQueue>().ok()?;
        (known.is(event_loop) && queue.get().owner.is_this()).then_some(queue)
    }
}

impl Drop for LoopQueue {
    fn drop(&mut self) {
        // The queue of a forked parent may be locked for ever.
        if self.owner.is_this() {
            self.completions.close();
        }
    }
}

/// The queues by loop, both held weakly.
fn queues(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static QUEUES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let queues = QUEUES.get_or_try_init(py, || {
        py.import("weakref")?.getattr("WeakKeyDictionary")?.call0().map(Bound::unbind)
    })?;
    Ok(queues.bind(py))
}
