//! The writes of one connection that were sent and have no answer yet, which closing it waits for.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

#[derive(Default)]
pub(in crate::nats) struct WritesUnderWay {
    /// Those under way, counted in twos; the lowest bit is set once no more may begin.
    state: AtomicUsize,
    last: Notify,
}

const SHUT: usize = 1;
const ONE: usize = 2;

/// A write that is under way.
pub(in crate::nats) struct UnderWay<'a>(&'a WritesUnderWay);

impl WritesUnderWay {
    /// Begins a write, unless no more may begin.
    pub(in crate::nats) fn begin(&self) -> Option<UnderWay<'_>> {
        let before = self.state.fetch_add(ONE, Ordering::SeqCst);
        let write = UnderWay(self);
        (before & SHUT == 0).then_some(write)
    }

    /// Lets no more begin; true if this was the first to say so.
    pub(in crate::nats) fn shut(&self) -> bool {
        self.state.fetch_or(SHUT, Ordering::SeqCst) & SHUT == 0
    }

    /// Waits until none is under way, after [`shut`](Self::shut).
    pub(in crate::nats) async fn ended(&self) {
        loop {
            let mut last = pin!(self.last.notified());
            last.as_mut().enable();
            if self.state.load(Ordering::SeqCst) < ONE {
                return;
            }
            last.await;
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.0.state.fetch_sub(ONE, Ordering::SeqCst) == ONE | SHUT {
            self.0.last.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn w9_closing_waits_for_every_write_that_was_begun_and_lets_no_other_begin() {
        let writes = WritesUnderWay::default();
        let [one, other] = [(); 2].map(|()| writes.begin().unwrap());
        assert!(writes.shut());
        assert!(!writes.shut());
        assert!(writes.begin().is_none());
        drop(one);
        assert!(timeout(SOON, writes.ended()).await.is_err());
        let ended = writes.ended();
        let last = async {
            tokio::task::yield_now().await;
            drop(other);
        };
        timeout(SOON * 100, futures_util::future::join(ended, last)).await.unwrap();
        timeout(SOON * 100, writes.ended()).await.unwrap();
    }
}
