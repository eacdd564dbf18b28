//! Which process this is: a forked child must not use what its parent opened.
//!
//! Threads, locks and memory maps do not survive a fork. Every handle remembers the [`Process`] it
//! was made in and answers `NotConnected` in another one; a child connects anew. Languages that
//! fork have every fork announced, by [`announce_all`].

use crate::lock::Mutex;
use std::cell::RefCell;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, Once, Weak};
use std::time::{Duration, Instant};

/// Counts the forks between the first process and this one, as far as they were announced.
static GENERATION: AtomicU64 = AtomicU64::new(0);
static GATED: Mutex<Vec<Weak<dyn Gated>>> = Mutex::new(Vec::new());
/// Held from the announcement of a fork to its end: another one would open the gates too early.
static FORKING: Mutex<()> = Mutex::new(());

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// How long a fork waits for those who are inside a gate.
const LONGEST_STAY: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_micros(100);

/// A process, as the one that something was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    generation: u64,
}

impl Process {
    /// The process that this code runs in.
    pub fn this() -> Self {
        Self { generation: GENERATION.load(Ordering::Relaxed) }
    }

    /// True in this process, false in a forked child of it.
    pub fn is_this(self) -> bool {
        self == Self::this()
    }

    /// A process that this one was not forked from, for tests.
    #[cfg(test)]
    pub(crate) fn another() -> Self {
        Self { generation: u64::MAX }
    }
}

/// What nobody may be in the middle of while the process forks, and what a child lets go of.
pub(crate) trait Gated: Send + Sync {
    fn gate(&self) -> &Gate;

    /// Lets go of this object for good, in the child, while nobody is inside the gate.
    fn abandon(&self);
}

/// Lets any number in, and nobody while the process forks.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Those inside, counted in twos; the lowest bit is set while the gate is shut.
    state: AtomicUsize,
}

const SHUT: usize = 1;
const ONE: usize = 2;

/// A stay inside a gate.
pub(crate) struct Pass<'a>(&'a Gate);

impl Gate {
    /// Goes in, and waits before a gate that is shut.
    pub(crate) fn enter(&self) -> Pass<'_> {
        while self.state.fetch_add(ONE, Ordering::AcqRel) & SHUT != 0 {
            self.state.fetch_sub(ONE, Ordering::AcqRel);
            std::thread::sleep(LOOK_AGAIN);
        }
        Pass(self)
    }

    /// Shuts the gate and waits until nobody is inside; false if somebody stays too long.
    fn shut(&self) -> bool {
        let until = Instant::now() + LONGEST_STAY;
        let mut inside = self.state.fetch_or(SHUT, Ordering::AcqRel) & !SHUT;
        while inside != 0 && Instant::now() < until {
            std::thread::sleep(LOOK_AGAIN);
            inside = self.state.load(Ordering::Acquire) & !SHUT;
        }
        if inside != 0 {
            self.open();
        }
        inside == 0
    }

    fn open(&self) {
        self.state.fetch_and(!SHUT, Ordering::AcqRel);
    }

    /// Opens the gate in a child, where the threads that were about to enter do not exist.
    fn reset(&self) {
        self.state.store(0, Ordering::Release);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state.fetch_sub(ONE, Ordering::AcqRel);
    }
}

struct Held {
    shut: Vec<Arc<dyn Gated>>,
    _forking: MutexGuard<'static, ()>,
    _registry: MutexGuard<'static, Vec<Weak<dyn Gated>>>,
}

/// Has the gate of `it` shut while the process forks.
pub(crate) fn register(it: &Arc<impl Gated + 'static>) {
    let mut gated = GATED.lock();
    gated.retain(|it| it.strong_count() > 0);
    let it: Arc<dyn Gated> = it.clone();
    gated.push(Arc::downgrade(&it));
}

/// Has every fork of this process announced from now on, whoever makes it.
///
/// It is announced within the call of `fork`. A language that announces its forks itself may run
/// code between the announcement and the fork, or after it. Another thread that gets the
/// language's lock then would wait at a gate with it, and the fork for that lock.
pub fn announce_all() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handlers take and return nothing, and the code of this crate stays loaded.
        #[allow(unsafe_code)]
        let status = unsafe { pthread_atfork(before_fork, after_in_parent, after_in_child) };
        assert_eq!(status, 0, "there is no memory left to have forks announced");
    });
}

#[allow(unsafe_code)]
unsafe extern "C" {
    fn pthread_atfork(
        before: extern "C" fn(),
        in_parent: extern "C" fn(),
        in_child: extern "C" fn(),
    ) -> c_int;
}

/// Announces a fork, in the thread that forks: waits for what must not be copied half-way.
extern "C" fn before_fork() {
    let forking = FORKING.lock();
    // The registry is locked last: who is inside a gate may be waiting to register something.
    let gated: Vec<_> = GATED.lock().iter().filter_map(Weak::upgrade).collect();
    let shut = gated.into_iter().filter(|it| it.gate().shut()).collect();
    HELD.set(Some(Held { shut, _forking: forking, _registry: GATED.lock() }));
}

/// Ends what [`before_fork`] began, in the parent.
extern "C" fn after_in_parent() {
    let held = HELD.take();
    held.iter().flat_map(|held| &held.shut).for_each(|it| it.gate().open());
}

/// Announces that this process is a forked child, before any other code runs there.
extern "C" fn after_in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    let held = HELD.take();
    for it in held.iter().flat_map(|held| &held.shut) {
        it.abandon();
        it.gate().reset();
    }
}
