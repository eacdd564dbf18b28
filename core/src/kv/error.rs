//! The error of every operation: its kind, code and text.

/// Why an operation failed: the same kinds, names and codes in every language (contract
/// section E). A later version may add kinds (U3), so a `match` has an arm for the rest.
///
/// ```
/// use slipstream::KvError;
///
/// fn advice(error: &KvError) -> &'static str {
///     match error {
///         KvError::Timeout | KvError::NotConnected => "try again",
///         _ => "give up",
///     }
/// }
/// assert_eq!(advice(&KvError::Timeout), "try again");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KvError {
    /// The connection was not opened, was closed, or belongs to the parent of a forked process.
    #[error("not connected")]
    NotConnected,
    /// The server or file could not be reached or opened.
    #[error("connection failed: {0}")]
    ConnectionFailed(String),
    /// The key has no value. Reads answer "nothing" instead (R1).
    #[error("key not found")]
    KeyNotFound,
    /// `create` found a live value (W1).
    #[error("key already exists")]
    AlreadyExists,
    /// The key is no longer at the expected version, or is absent (W2).
    #[error("revision mismatch: the key is not at the expected version")]
    RevisionMismatch,
    /// Stored or received bytes could not be understood.
    #[error("deserialization error: {0}")]
    DeserializationError(String),
    /// A value could not be turned into bytes.
    #[error("serialization error: {0}")]
    SerializationError(String),
    /// A watch ended for a reason it could not recover from.
    #[error("watch error: {0}")]
    WatchError(String),
    /// The backend refused or failed the operation.
    #[error("operation failed: {0}")]
    OperationFailed(String),
    /// The deadline passed (L3). The outcome of a write is then unknown (W6).
    #[error("timed out")]
    Timeout,
    /// Changes after the cursor can no longer be told: start over without a cursor (S5).
    #[error("cursor expired: changes after it can no longer be told, watch again without a cursor")]
    CursorExpired,
    /// A key, prefix, name, token, cursor or option broke a rule; nothing was sent.
    #[error("invalid argument: {0}")]
    InvalidArgument(String),
    /// The value is too large, or the store or disk is full (W7).
    #[error("limit exceeded: {0}")]
    LimitExceeded(String),
    /// The server or file system denies this operation to this user.
    #[error("permission denied: {0}")]
    PermissionDenied(String),
    /// There is no store of this name: it was never made, or was deleted (R7).
    #[error("there is no such store: it was never made, or was deleted; open it to make it")]
    StoreNotFound,
}

impl KvError {
    /// The kind's stable name, the same in every language.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotConnected => "NotConnected",
            Self::ConnectionFailed(_) => "ConnectionFailed",
            Self::KeyNotFound => "KeyNotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::RevisionMismatch => "RevisionMismatch",
            Self::DeserializationError(_) => "DeserializationError",
            Self::SerializationError(_) => "SerializationError",
            Self::WatchError(_) => "WatchError",
            Self::OperationFailed(_) => "OperationFailed",
            Self::Timeout => "Timeout",
            Self::CursorExpired => "CursorExpired",
            Self::InvalidArgument(_) => "InvalidArgument",
            Self::LimitExceeded(_) => "LimitExceeded",
            Self::PermissionDenied(_) => "PermissionDenied",
            Self::StoreNotFound => "StoreNotFound",
        }
    }

    /// Whether the same call may succeed later with nothing else changed. A conflict is not
    /// retryable as it is: read again first.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::ConnectionFailed(_) | Self::Timeout | Self::WatchError(_))
    }
}
