//! How long one request waits for its answer before it is asked again.

use std::time::Duration;

/// Grows each time, in case it is the answer that takes long.
pub(super) struct AnswerLimit {
    next: Duration,
    left: Duration,
}

const FIRST: Duration = Duration::from_secs(1);

impl AnswerLimit {
    /// A limit that grows until all requests have taken `timeout` together.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { next: FIRST, left: timeout }
    }

    /// How long the request may wait that is asked now.
    pub(super) fn now(&self) -> Duration {
        self.next.min(self.left)
    }

    /// Notes that a request was in vain; true if there is time for another one.
    pub(super) fn extend(&mut self) -> bool {
        self.left = self.left.saturating_sub(self.now());
        self.next *= 2;
        !self.left.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l3_each_request_waits_longer_and_all_of_them_no_longer_than_the_timeout() {
        for timeout in [0, 300, 1_000, 5_000, 60_000].map(Duration::from_millis) {
            let mut limit = AnswerLimit::new(timeout);
            let mut waited = vec![limit.now()];
            while limit.extend() {
                waited.push(limit.now());
            }
            assert_eq!(waited.iter().sum::<Duration>(), timeout);
            let (_, grown) = waited.split_last().unwrap();
            assert!(grown.is_sorted_by(|a, b| a < b), "{waited:?}");
        }
    }
}
