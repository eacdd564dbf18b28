//! The clock of a run: wall time, and time on a core.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// What one run took.
pub struct Measured {
    pub operations: u64,
    /// Wall time.
    pub seconds: f64,
    /// Time of all threads of this process on a core.
    pub cpu: f64,
}

/// A run under way.
pub struct Clock {
    started: Duration,
    cpu: f64,
}

impl Clock {
    pub fn start() -> Self {
        Self { started: now(), cpu: cpu() }
    }

    pub fn elapsed(&self) -> Duration {
        now() - self.started
    }

    pub fn stop(&self, operations: u64) -> Measured {
        Measured { operations, seconds: self.elapsed().as_secs_f64(), cpu: cpu() - self.cpu }
    }
}

/// A time that all processes of this machine agree on.
pub fn now() -> Duration {
    read(ClockId::Monotonic)
}

/// Seconds that all threads of this process have spent on a core.
pub fn cpu() -> f64 {
    read(ClockId::ProcessCPUTime).as_secs_f64()
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}
