//! An error of a handle: what went wrong, and what was asked of which store and key.

use crate::kv::KvError;
use crate::lifecycle::fork::Process;
use std::fmt;

/// An error with what was asked: the operation, and the store and key where there are any.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// What went wrong.
    pub error: KvError,
    /// The operation, as it is named in Rust.
    pub operation: &'static str,
    /// The store it was asked of.
    pub store: Option<String>,
    /// The key it was asked for.
    pub key: Option<String>,
    /// Whether this was a write that may have happened nevertheless (contract rule W6).
    pub outcome_unknown: bool,
    /// Whether the handle was inherited from the parent of a forked process.
    pub inherited: bool,
}

impl Failure {
    /// A failure of an operation that has no store or key.
    pub fn new(error: KvError, operation: &'static str) -> Self {
        Self { error, operation, store: None, key: None, outcome_unknown: false, inherited: false }
    }

    /// Notes the process the handle was made in, so that a forked child is told what to do.
    pub(crate) fn made_in(mut self, owner: Process) -> Self {
        self.inherited = self.error == KvError::NotConnected && !owner.is_this();
        self
    }

    /// Notes the store that was asked.
    #[must_use]
    pub fn in_store(mut self, store: &str) -> Self {
        self.store = Some(store.to_owned());
        self
    }

    /// Notes the key that was asked for.
    #[must_use]
    pub fn of_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn of_write(mut self) -> Self {
        // A cut connection reaches the caller as a failed connection, and an answer that is none as
        // one that could not be read: each leaves it open whether the write was made by then.
        self.outcome_unknown = matches!(
            self.error,
            KvError::Timeout | KvError::ConnectionFailed(_) | KvError::DeserializationError(_)
        );
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A refused argument already says what it was.
        let key = self.key.as_ref().filter(|_| !matches!(self.error, KvError::InvalidArgument(_)));
        f.write_str(self.operation)?;
        if let Some(key) = key {
            write!(f, " {key:?}")?;
        }
        if let Some(store) = &self.store {
            write!(f, " in {store:?}")?;
        }
        write!(f, ": {}", self.error)?;
        if self.inherited {
            f.write_str(
                ": the connection was opened in the parent process before a fork; \
                 call connect() again in the child",
            )?;
        }
        if self.outcome_unknown {
            f.write_str("; the outcome is unknown: the write may have happened")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
