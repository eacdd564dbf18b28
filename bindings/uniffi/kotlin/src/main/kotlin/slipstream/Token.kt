// The types of the opaque bytes that a store and a watch hand out: versions and cursors.

package slipstream

import java.io.Serializable

/**
 * Opaque bytes to save and to pass on, never to look into: a [Version] or a [Cursor]. Two of one
 * kind are equal if their bytes are.
 *
 * @property bytes what to save; the same in every process and language (rule V3)
 */
public sealed class Token(public val bytes: ByteArray) : Serializable {
    override fun equals(other: Any?): Boolean =
        other is Token && javaClass == other.javaClass && bytes.contentEquals(other.bytes)

    override fun hashCode(): Int = bytes.contentHashCode()

    override fun toString(): String = "${javaClass.simpleName}(${bytes.toHexString()})"
}

/**
 * The version of one write. Writes and entries hand it out, [Store.update] and
 * [Store.deleteWithVersion] take it. It is another type than [Cursor], so that the compiler finds
 * where one is passed for the other (rule V6).
 *
 * ```
 * val saved = Version(file.readBytes())
 * store.update("node.a", "10.0.0.2".toByteArray(), saved)
 * ```
 */
public class Version(bytes: ByteArray) : Token(bytes)

/**
 * The place in a store that a watch has reached (rule V4). Watches and updates hand it out,
 * [Store.watch] takes it and goes on behind it.
 *
 * ```
 * val saved = Cursor(file.readBytes())
 * store.watch("node.", cursor = saved).updates.collect { update -> file.writeBytes(update.cursor.bytes) }
 * ```
 */
public class Cursor(bytes: ByteArray) : Token(bytes)
