//! An alarm: wakes one waiting thread.

use crate::lock::{Condvar, Mutex};
use std::time::Duration;

/// Wakes one waiting thread.
pub(super) trait Alarm: Send + Sync {
    /// Waits until the alarm is rung, at most for `limit`. May return early.
    fn wait(&self, limit: Duration);

    /// Ends a wait, now or the next one.
    fn ring(&self);
}

/// An alarm within this process.
#[derive(Default)]
pub(super) struct LocalAlarm {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Alarm for LocalAlarm {
    fn wait(&self, limit: Duration) {
        let mut rung = self.rung.lock();
        if !*rung {
            rung = self.changed.wait_for(rung, limit);
        }
        *rung = false;
    }

    fn ring(&self) {
        *self.rung.lock() = true;
        self.changed.notify_one();
    }
}
