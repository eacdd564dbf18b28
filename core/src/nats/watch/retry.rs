//! When a watch tries again to have a consumer, and when it gives up.

use crate::kv::KvError;
use crate::nats::jetstream::consumer::INACTIVE;
use std::time::Duration;
use tokio::time::Instant;

/// What went wrong with the consumers of one watch since it last went well.
#[derive(Debug, Default)]
pub(super) struct Retry {
    /// Attempts to make a consumer that failed, one after the other.
    failures: u32,
    /// Consumers that were lost, one after the other, each soon after it was made.
    short_lived: u32,
    /// When the last consumer was lost, until there is another one.
    lost: Option<Instant>,
}

/// The first pause between two attempts. It is doubled each time, up to the longest.
const BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);
/// How often a store may be missing before it counts as deleted.
const MISSING_AT_MOST: u32 = 3;
/// A consumer that is lost within this time was short-lived.
const SHORT: Duration = Duration::from_secs(2);
/// So many short-lived consumers are replaced at once. The next one has to wait.
const REPLACED_AT_ONCE: u32 = 1;

impl Retry {
    /// Notes that a consumer was made.
    pub(super) fn opened(&mut self) {
        self.failures = 0;
        self.lost = None;
    }

    /// Notes that a consumer was lost, which was made at `made`. The next one is to be made at the
    /// time that is returned, or at once.
    pub(super) fn lost(&mut self, made: Instant, now: Instant) -> Option<Instant> {
        self.short_lived = if now - made < SHORT { self.short_lived + 1 } else { 0 };
        self.lost = Some(now);
        let repeated = self.short_lived.checked_sub(REPLACED_AT_ONCE + 1);
        repeated.map(|times| now + backoff(times))
    }

    /// Notes that a consumer could not be made. The next attempt is due at the time that is
    /// returned; the watch ends where there is none.
    pub(super) fn failed(&mut self, error: &KvError, now: Instant) -> Option<Instant> {
        let passing = match error {
            KvError::ConnectionFailed(_) | KvError::Timeout => true,
            // A cluster that is starting may not know of all its stores yet.
            KvError::WatchError(_) => self.failures < MISSING_AT_MOST,
            // The consumers whose place this watch takes again may still be there.
            KvError::LimitExceeded(_) => {
                self.lost.is_some_and(|lost| now - lost < INACTIVE + LONGEST_BACKOFF * 2)
            }
            _ => false,
        };
        let due = passing.then(|| now + backoff(self.failures));
        self.failures += 1;
        due
    }
}

/// The pause after so many attempts in vain.
fn backoff(attempts: u32) -> Duration {
    BACKOFF.saturating_mul(1 << attempts.min(10)).min(LONGEST_BACKOFF)
}
