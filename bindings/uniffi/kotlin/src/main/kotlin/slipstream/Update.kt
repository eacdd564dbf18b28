// The records of what a watch tells: a put, a delete, a purge.

package slipstream

import slipstream.ffi.UpdateKind
import java.io.Serializable
import slipstream.ffi.Update as NativeUpdate

/** One update of a watch: a [Put], a [Delete] or a [Purge]. */
public sealed class Update(
    /** The key it happened to. */
    public val key: String,
    /** The version of the change (rule V3). */
    public val version: Version,
    /** The position after this update, to save once it is handled (rule S4). */
    public val cursor: Cursor,
) : Serializable {
    override fun toString(): String = "${javaClass.simpleName}(key=$key, version=${version.bytes.toHexString()})"
}

/**
 * The key has a new value.
 *
 * @property value the new value
 */
public class Put(
    key: String,
    public val value: ByteArray,
    version: Version,
    cursor: Cursor,
) : Update(key, version, cursor)

/** The key was deleted. */
public class Delete(key: String, version: Version, cursor: Cursor) : Update(key, version, cursor)

/** Why a key is gone (rule W5). */
public enum class PurgeReason {
    /** Somebody purged it. */
    PURGED,

    /** Its time to live ended. */
    EXPIRED,
}

/**
 * The key was purged, or its time to live ended.
 *
 * @property reason why the key is gone; null where the store does not say
 */
public class Purge(
    key: String,
    version: Version,
    cursor: Cursor,
    public val reason: PurgeReason? = null,
) : Update(key, version, cursor)

/** An update as a program sees it. */
internal fun NativeUpdate.translated(): Update {
    val (version, cursor) = Version(version) to Cursor(cursor)
    return when (kind) {
            UpdateKind.PUT -> Put(key, value, version, cursor)
            UpdateKind.DELETE -> Delete(key, version, cursor)
            UpdateKind.PURGED -> Purge(key, version, cursor, PurgeReason.PURGED)
            UpdateKind.EXPIRED -> Purge(key, version, cursor, PurgeReason.EXPIRED)
            UpdateKind.REMOVED -> Purge(key, version, cursor)
        }
}
