//! Waiting for a future on the calling thread.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Waits for a future on the calling thread.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let Ok(answer) = wait_by::<_, Infallible>(future, || {
        thread::park();
        Ok(())
    });
    answer
}

/// Waits for a future on the calling thread, up to `limit`; then it is dropped.
pub(crate) fn wait_within<T>(future: impl Future<Output = T>, limit: Duration) -> Option<T> {
    let start = Instant::now();
    let answer = wait_by::<_, ()>(future, || {
        thread::park_timeout(limit.checked_sub(start.elapsed()).ok_or(())?);
        Ok(())
    });
    answer.ok()
}

/// Polls a future whenever `park` comes back, which may give up.
fn wait_by<T, E>(
    future: impl Future<Output = T>,
    mut park: impl FnMut() -> Result<(), E>,
) -> Result<T, E> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return Ok(answer),
            Poll::Pending => park()?,
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
