use crate::kv::KvError;
use std::future::Future;
use std::time::Duration;

/// Gives an operation its deadline (contract rule L3). The timer is made only when the operation
/// does not finish at once, so what is ready costs no timer.
pub(super) async fn deadline<T>(
    limit: Duration,
    operation: impl Future<Output = Result<T, KvError>>,
) -> Result<T, KvError> {
    let mut operation = std::pin::pin!(operation);
    let ready = std::future::poll_fn(|cx| match operation.as_mut().poll(cx) {
        std::task::Poll::Ready(outcome) => std::task::Poll::Ready(Some(outcome)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    });
    match ready.await {
        Some(outcome) => outcome,
        None => tokio::time::timeout(limit, operation).await.unwrap_or(Err(KvError::Timeout)),
    }
}
