//! Operations for a language with futures of its own: polled by the caller once, then by the bridge.

use crate::operation::Unfinished;
use crate::target::Target;
use crate::value::Outcome;
use std::future::{Future, poll_fn};
use std::task::Poll;

/// Runs an operation for a caller that has futures of its own, and may poll them on any thread.
///
/// It is polled once with the caller. What is not ready then runs on the runtime, so that the
/// caller is woken once, by its outcome. Dropped, it cancels the operation; a write may have
/// happened by then (rule W6).
pub async fn drive<T, F>(future: F) -> Outcome<T>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    let mut unfinished = Unfinished::new(future);
    if let Some(outcome) = unfinished.poll() {
        return outcome;
    }
    let operation = unfinished.pending();
    poll_fn(|cx| {
        operation.settle_at(Target::Task(cx.waker().clone()));
        operation.take().map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(async { timeout(Duration::from_secs(5), future).await.unwrap() })
    }

    #[test]
    fn what_is_not_ready_is_finished_by_the_runtime_of_the_bridge() {
        let later = drive(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(std::thread::current().name().map(str::to_owned))
        });
        assert_eq!(block_on(later).unwrap().as_deref(), Some("slipstream"));
    }

    #[test]
    fn a_panic_is_an_outcome() {
        let broken = drive::<(), _>(async {
            tokio::task::yield_now().await;
            panic!("broken");
        });
        assert!(block_on(broken).unwrap_err().to_string().contains("broken"));
    }

    #[test]
    fn what_is_no_longer_waited_for_is_cancelled() {
        let (held, free) = oneshot::channel::<()>();
        let endless = drive::<(), _>(async move {
            let _held = held;
            std::future::pending().await
        });
        let waited = block_on(async { timeout(Duration::from_millis(10), endless).await });
        assert!(waited.is_err());
        assert!(block_on(free).is_err());
    }
}
