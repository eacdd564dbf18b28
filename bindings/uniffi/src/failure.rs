//! The error of every kind, with what was asked.

use slipstream::handle;
use slipstream::kv;

/// What went wrong, and what was asked.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Failure {
    /// The kind's stable name, the same in every language.
    pub code: String,
    /// What went wrong, for people.
    pub message: String,
    /// The operation, as it is named in Rust.
    pub operation: String,
    /// The store that was asked, where there is one.
    pub store: Option<String>,
    /// The key that was asked for, where there is one.
    pub key: Option<String>,
    /// Whether the same call may succeed later with nothing else changed.
    pub retryable: bool,
    /// Whether this was a write that may have happened nevertheless (rule W6).
    pub outcome_unknown: bool,
}

/// Why an operation failed: the same kinds, names and codes in every language (contract section
/// E).
#[derive(Debug, Clone, uniffi::Error)]
pub enum KvError {
    /// The connection was closed, or belongs to the parent of a forked process.
    NotConnected {
        /// What went wrong.
        failure: Failure,
    },
    /// The server or file could not be reached or opened.
    ConnectionFailed {
        /// What went wrong.
        failure: Failure,
    },
    /// The key has no value. Reads answer nothing instead (rule R1).
    KeyNotFound {
        /// What went wrong.
        failure: Failure,
    },
    /// `create` found a live value (rule W1).
    AlreadyExists {
        /// What went wrong.
        failure: Failure,
    },
    /// The key is no longer at the expected version, or is absent (rule W2).
    RevisionMismatch {
        /// What went wrong.
        failure: Failure,
    },
    /// Stored or received bytes could not be understood.
    DeserializationError {
        /// What went wrong.
        failure: Failure,
    },
    /// A value could not be turned into bytes.
    SerializationError {
        /// What went wrong.
        failure: Failure,
    },
    /// A watch ended for a reason it could not recover from.
    WatchError {
        /// What went wrong.
        failure: Failure,
    },
    /// The backend refused or failed the operation.
    OperationFailed {
        /// What went wrong.
        failure: Failure,
    },
    /// The deadline passed (rule L3). The outcome of a write is then unknown (W6).
    Timeout {
        /// What went wrong.
        failure: Failure,
    },
    /// Changes after the cursor can no longer be told: watch again without one (rule S5).
    CursorExpired {
        /// What went wrong.
        failure: Failure,
    },
    /// A key, prefix, name, token, cursor or option broke a rule; nothing was sent.
    InvalidArgument {
        /// What went wrong.
        failure: Failure,
    },
    /// The value is too large, or the store or disk is full (rule W7).
    LimitExceeded {
        /// What went wrong.
        failure: Failure,
    },
    /// The server or file system denies this operation to this user.
    PermissionDenied {
        /// What went wrong.
        failure: Failure,
    },
    /// There is no store of this name: it was never made, or was deleted (rule R7).
    StoreNotFound {
        /// What went wrong.
        failure: Failure,
    },
}

impl KvError {
    /// What went wrong, whatever kind it is.
    pub fn failure(&self) -> &Failure {
        match self {
            Self::NotConnected { failure }
            | Self::ConnectionFailed { failure }
            | Self::KeyNotFound { failure }
            | Self::AlreadyExists { failure }
            | Self::RevisionMismatch { failure }
            | Self::DeserializationError { failure }
            | Self::SerializationError { failure }
            | Self::WatchError { failure }
            | Self::OperationFailed { failure }
            | Self::Timeout { failure }
            | Self::CursorExpired { failure }
            | Self::InvalidArgument { failure }
            | Self::LimitExceeded { failure }
            | Self::PermissionDenied { failure }
            | Self::StoreNotFound { failure } => failure,
        }
    }
}

impl From<handle::Failure> for KvError {
    fn from(failed: handle::Failure) -> Self {
        let failure = Failure {
            message: failed.to_string(),
            code: failed.error.code().to_owned(),
            operation: failed.operation.to_owned(),
            store: failed.store,
            key: failed.key,
            retryable: failed.error.retryable(),
            outcome_unknown: failed.outcome_unknown,
        };
        match failed.error {
            kv::KvError::NotConnected => Self::NotConnected { failure },
            kv::KvError::ConnectionFailed(_) => Self::ConnectionFailed { failure },
            kv::KvError::KeyNotFound => Self::KeyNotFound { failure },
            kv::KvError::AlreadyExists => Self::AlreadyExists { failure },
            kv::KvError::RevisionMismatch => Self::RevisionMismatch { failure },
            kv::KvError::DeserializationError(_) => Self::DeserializationError { failure },
            kv::KvError::SerializationError(_) => Self::SerializationError { failure },
            kv::KvError::WatchError(_) => Self::WatchError { failure },
            kv::KvError::Timeout => Self::Timeout { failure },
            kv::KvError::CursorExpired => Self::CursorExpired { failure },
            kv::KvError::InvalidArgument(_) => Self::InvalidArgument { failure },
            kv::KvError::LimitExceeded(_) => Self::LimitExceeded { failure },
            kv::KvError::PermissionDenied(_) => Self::PermissionDenied { failure },
            kv::KvError::StoreNotFound => Self::StoreNotFound { failure },
            // And a kind that the core has and this interface does not know yet.
            _ => Self::OperationFailed { failure },
        }
    }
}

impl std::fmt::Display for KvError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.failure().message)
    }
}

impl std::error::Error for KvError {}
