// The record of a key with its value and version.

package slipstream

import java.io.Serializable
import java.time.Instant
import slipstream.ffi.Entry as NativeEntry

/**
 * A key with its value and version.
 *
 * @property key the key
 * @property value the value; empty if this is a tombstone (rule R3)
 * @property version what `update` and `deleteWithVersion` take, in any process and language (rule V3)
 * @property deleted true for a tombstone, which a deletion left and only `entry` shows (rule R3)
 * @property expiresAt when the time to live ends, by the clock of the store; null if it has none
 *   (rule R6)
 */
public class Entry(
    public val key: String,
    public val value: ByteArray,
    public val version: Version,
    public val deleted: Boolean = false,
    public val expiresAt: Instant? = null,
) : Serializable {
    internal constructor(entry: NativeEntry) :
        this(entry.key, entry.value, Version(entry.version), entry.deleted, entry.expiresAt)

    override fun equals(other: Any?): Boolean =
        other is Entry &&
            key == other.key &&
            value.contentEquals(other.value) &&
            version == other.version &&
            deleted == other.deleted &&
            expiresAt == other.expiresAt

    override fun hashCode(): Int = 31 * key.hashCode() + version.hashCode()

    override fun toString(): String = "Entry(key=$key, value=${value.size} bytes, version=${version.bytes.toHexString()})"
}
