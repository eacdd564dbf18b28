//! An error on its way into JavaScript.

use napi_derive::napi;
use slipstream::handle;

/// An error as it crosses into JavaScript, where it becomes an instance of its class.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The kind's stable name.
    pub code: &'static str,
    /// What went wrong, for people.
    pub message: String,
    /// The operation.
    pub operation: &'static str,
    /// The store it was asked of.
    pub store: Option<String>,
    /// The key it was asked for.
    pub key: Option<String>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Whether this was a write that may have happened nevertheless.
    pub outcome_unknown: bool,
}

impl From<handle::Failure> for Failure {
    fn from(failure: handle::Failure) -> Self {
        Self {
            message: failure.to_string(),
            code: failure.error.code(),
            retryable: failure.error.retryable(),
            operation: failure.operation,
            store: failure.store,
            key: failure.key,
            outcome_unknown: failure.outcome_unknown,
        }
    }
}
