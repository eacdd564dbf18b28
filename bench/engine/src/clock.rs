use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

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
    started: Instant,
    cpu: f64,
    time: Duration,
}

impl Clock {
    pub fn start(time: Duration) -> Self {
        Self { started: Instant::now(), cpu: cpu(), time }
    }

    pub fn is_running(&self) -> bool {
        self.started.elapsed() < self.time
    }

    pub fn stop(&self, operations: u64) -> Measured {
        let seconds = self.started.elapsed().as_secs_f64();
        Measured { operations, seconds, cpu: cpu() - self.cpu }
    }
}

fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
