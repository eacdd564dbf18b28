package slipstream

import java.io.Serializable
import slipstream.ffi.Entry as NativeEntry

/**
 * A key with its value and version.
 *
 * @property key the key
 * @property value the value; empty if this is a tombstone (rule R2)
 * @property version the version, as opaque bytes: what `update` takes, in any process and language
 *   (rule V3)
 */
public class Entry(
    public val key: String,
    public val value: ByteArray,
    public val version: ByteArray,
) : Serializable {
    internal constructor(entry: NativeEntry) : this(entry.key, entry.value, entry.version)

    override fun equals(other: Any?): Boolean =
        other is Entry &&
            key == other.key &&
            value.contentEquals(other.value) &&
            version.contentEquals(other.version)

    override fun hashCode(): Int = 31 * key.hashCode() + version.contentHashCode()

    override fun toString(): String = "Entry(key=$key, value=${value.size} bytes, version=${version.toHexString()})"
}
