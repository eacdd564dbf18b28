// The errors, a class for each kind.

package slipstream

import slipstream.ffi.Failure
import slipstream.ffi.KvException

/**
 * Base of every error of slipstream: the same kinds, names and codes in every language (contract
 * section E).
 */
public sealed class KvError(failure: Failure) : Exception(failure.message) {
    /** The kind's stable name in every language. */
    public val code: String = failure.code

    /** Whether the same call may succeed later with nothing else changed. */
    public val retryable: Boolean = failure.retryable

    /** The key that was asked for, where there is one. */
    public val key: String? = failure.key

    /** The store that was asked, where there is one. */
    public val store: String? = failure.store

    /** The operation, as it is named in Rust. */
    public val operation: String = failure.operation

    /** Whether this was a write that may have happened nevertheless (rule W6). */
    public val outcomeUnknown: Boolean = failure.outcomeUnknown
}

/** The connection was closed. */
public class NotConnected internal constructor(failure: Failure) : KvError(failure)

/** The server or file could not be reached or opened. */
public class ConnectionFailed internal constructor(failure: Failure) : KvError(failure)

/** The key has no value. Reads answer null instead (rule R1). */
public class KeyNotFound internal constructor(failure: Failure) : KvError(failure)

/** `create` found a live value (rule W1). */
public class AlreadyExists internal constructor(failure: Failure) : KvError(failure)

/** The key is no longer at the expected version, or is absent (rule W2). */
public class RevisionMismatch internal constructor(failure: Failure) : KvError(failure)

/** Stored or received bytes could not be understood. */
public class DeserializationError internal constructor(failure: Failure) : KvError(failure)

/** A value could not be turned into bytes. */
public class SerializationError internal constructor(failure: Failure) : KvError(failure)

/** A watch ended for a reason it could not recover from. */
public class WatchError internal constructor(failure: Failure) : KvError(failure)

/** The backend refused or failed the operation. */
public class OperationFailed internal constructor(failure: Failure) : KvError(failure)

/** The deadline passed (rule L3). The outcome of a write is then unknown (W6). */
public class Timeout internal constructor(failure: Failure) : KvError(failure)

/** Changes after the cursor can no longer be told: watch again without one (rule S5). */
public class CursorExpired internal constructor(failure: Failure) : KvError(failure)

/** A key, prefix, name, token, cursor or option broke a rule; nothing was sent. */
public class InvalidArgument internal constructor(failure: Failure) : KvError(failure)

/** The value is too large, or the store or disk is full (rule W7). */
public class LimitExceeded internal constructor(failure: Failure) : KvError(failure)

/** The server or file system denies this operation to this user. */
public class PermissionDenied internal constructor(failure: Failure) : KvError(failure)

/** There is no store of this name: it was never made, or was deleted (rule R7). */
public class StoreNotFound internal constructor(failure: Failure) : KvError(failure)

/** What [call] answers; its error as a program sees it. */
internal inline fun <T> translating(call: () -> T): T =
    try {
        call()
    } catch (error: KvException) {
        throw error.translated()
    }

/** The error of its class for what the native side reports. */
internal fun KvException.translated(): KvError =
    when (this) {
        is KvException.NotConnected -> NotConnected(failure)
        is KvException.ConnectionFailed -> ConnectionFailed(failure)
        is KvException.KeyNotFound -> KeyNotFound(failure)
        is KvException.AlreadyExists -> AlreadyExists(failure)
        is KvException.RevisionMismatch -> RevisionMismatch(failure)
        is KvException.DeserializationException -> DeserializationError(failure)
        is KvException.SerializationException -> SerializationError(failure)
        is KvException.WatchException -> WatchError(failure)
        is KvException.OperationFailed -> OperationFailed(failure)
        is KvException.Timeout -> Timeout(failure)
        is KvException.CursorExpired -> CursorExpired(failure)
        is KvException.InvalidArgument -> InvalidArgument(failure)
        is KvException.LimitExceeded -> LimitExceeded(failure)
        is KvException.PermissionDenied -> PermissionDenied(failure)
        is KvException.StoreNotFound -> StoreNotFound(failure)
    }
