// The errors, a class for each kind.

import SlipstreamUniffi

/// Base of every error of slipstream: the same kinds, names and codes in every language (contract
/// section E).
///
/// ```swift
/// do {
///     version = try await store.update("node.a", value, version)
/// } catch let error as RevisionMismatch {
///     print("\(error.key ?? "") was written by somebody else")
/// }
/// ```
public class KvError: Error, CustomStringConvertible, @unchecked Sendable {
    /// The kind's stable name in every language.
    public let code: String
    /// What went wrong, for people.
    public let message: String
    /// Whether the same call may succeed later with nothing else changed.
    public let retryable: Bool
    /// The key that was asked for, where there is one.
    public let key: String?
    /// The store that was asked, where there is one.
    public let store: String?
    /// The operation, as it is named in Rust.
    public let operation: String
    /// Whether this was a write that failed and may have happened nevertheless (rule W6).
    public let outcomeUnknown: Bool

    public var description: String { "\(code): \(message)" }

    init(_ failure: Failure) {
        code = failure.code
        message = failure.message
        retryable = failure.retryable
        key = failure.key
        store = failure.store
        operation = failure.operation
        outcomeUnknown = failure.outcomeUnknown
    }
}

/// The connection was closed.
public final class NotConnected: KvError, @unchecked Sendable {}

/// The server or file could not be reached or opened.
public final class ConnectionFailed: KvError, @unchecked Sendable {}

/// The key has no value. Reads answer nil instead (rule R1).
public final class KeyNotFound: KvError, @unchecked Sendable {}

/// `create` found a live value (rule W1).
public final class AlreadyExists: KvError, @unchecked Sendable {}

/// The key is no longer at the expected version, or is absent (rule W2).
public final class RevisionMismatch: KvError, @unchecked Sendable {}

/// Stored or received bytes could not be understood.
public final class DeserializationError: KvError, @unchecked Sendable {}

/// A value could not be turned into bytes.
public final class SerializationError: KvError, @unchecked Sendable {}

/// A watch ended for a reason it could not recover from.
public final class WatchError: KvError, @unchecked Sendable {}

/// The backend refused or failed the operation.
public final class OperationFailed: KvError, @unchecked Sendable {}

/// The deadline passed (rule L3). The outcome of a write is then unknown (W6).
public final class Timeout: KvError, @unchecked Sendable {}

/// Changes after the cursor can no longer be told: watch again without one (rule S5).
public final class CursorExpired: KvError, @unchecked Sendable {}

/// A key, prefix, name, token, cursor or option broke a rule; nothing was sent.
public final class InvalidArgument: KvError, @unchecked Sendable {}

/// The value is too large, or the store or disk is full (rule W7).
public final class LimitExceeded: KvError, @unchecked Sendable {}

/// The server or file system denies this operation to this user.
public final class PermissionDenied: KvError, @unchecked Sendable {}

/// There is no store of this name: it was never made, or was deleted (rule R7).
public final class StoreNotFound: KvError, @unchecked Sendable {}
