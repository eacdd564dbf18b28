//! Which process this is: a forked child must not use what its parent opened.
//!
//! Threads, locks and memory maps do not survive a fork. Every handle remembers the generation it
//! was made in and answers `NotConnected` in another one; a child connects anew. Languages that
//! fork call [`prepare`] before, and [`resume`] in the parent or [`forked`] in the child after
//! (Python: `os.register_at_fork`).

use parking_lot::{Mutex, MutexGuard};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

static GENERATION: AtomicU64 = AtomicU64::new(0);
static HOLDABLE: Mutex<Vec<Weak<dyn Holdable>>> = Mutex::new(Vec::new());

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// What must stand still while the process forks, and be let go of in the child.
pub(crate) trait Holdable: Send + Sync {
    /// Waits, for a bounded time, until nobody uses it and keeps it so.
    fn hold(&self) -> Option<Box<dyn Hold>>;
}

/// Something that stands still until this is dropped.
pub(crate) trait Hold {
    /// Lets go of it for good: this is the child.
    fn abandon(self: Box<Self>);
}

struct Held {
    holds: Vec<Box<dyn Hold>>,
    _registry: MutexGuard<'static, Vec<Weak<dyn Holdable>>>,
}

/// Has `it` held while the process forks.
pub(crate) fn register(it: &Arc<impl Holdable + 'static>) {
    let mut holdable = HOLDABLE.lock();
    holdable.retain(|it| it.strong_count() > 0);
    let it: Arc<dyn Holdable> = it.clone();
    holdable.push(Arc::downgrade(&it));
}

/// Counts the forks between the first process and this one, as far as they were announced.
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Announces a fork, in the thread that forks: waits for what must not be copied half-way.
pub fn prepare() {
    // The registry is locked last: what is held may be waiting to be registered.
    let holdable: Vec<_> = HOLDABLE.lock().iter().filter_map(Weak::upgrade).collect();
    let holds = holdable.iter().filter_map(|it| it.hold()).collect();
    HELD.set(Some(Held { holds, _registry: HOLDABLE.lock() }));
}

/// Ends what [`prepare`] began, in the parent.
pub fn resume() {
    HELD.take();
}

/// Announces that this process is a forked child, before any other code runs there.
pub fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    if let Some(held) = HELD.take() {
        held.holds.into_iter().for_each(Hold::abandon);
    }
}
