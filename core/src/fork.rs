//! Which process this is: a forked child must not use what its parent opened.
//!
//! Threads, locks and memory maps do not survive a fork. Every handle remembers the generation it
//! was made in and answers `NotConnected` in another one; a child connects anew.

use std::sync::atomic::{AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Counts the forks between the first process and this one, as far as they were announced.
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Announces that this process is a forked child. Languages that fork call it in the child,
/// before any other code runs there (Python: `os.register_at_fork`).
pub fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
