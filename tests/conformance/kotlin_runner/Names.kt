// What scenarios write for texts and tokens, and the names they give.

package conformance

import slipstream.Version
import java.nio.ByteBuffer
import kotlin.experimental.xor

/** What `as:` saved and `$name` stands for; what scenarios write for texts and tokens. */
class Names(
    private val saved: MutableMap<String, ByteArray> = mutableMapOf(),
) {
    fun save(name: String, bytes: ByteArray) {
        saved[name] = bytes
    }

    fun with(name: String, bytes: ByteArray): Names = Names((saved + (name to bytes)).toMutableMap())

    fun bytes(text: Any?): ByteArray =
        when (text) {
            is String -> if (text.startsWith("$")) named(text) else text.toByteArray()
            else -> composed(Fields.of(text))
        }

    fun text(text: Any?): String = bytes(text).decodeToString()

    fun token(token: Any?): ByteArray {
        if (token is String) {
            check(token.isEmpty() || token.startsWith("$")) { "$token is no token" }
            return bytes(token)
        }
        val fields = Fields.of(token)
        return when {
            "ahead_of" in fields -> counted(bytes(fields["ahead_of"]), fields.number("by"))
            "after" in fields -> cursorAfter(token(fields["after"]))
            "mangled" in fields -> mangled(bytes(fields["mangled"]))
            else -> bytes(token)
        }
    }

    fun version(token: Any?): Version = Version(token(token))

    private fun named(text: String) = checkNotNull(saved[text.drop(1)]) { "nothing is named $text" }

    private fun composed(fields: Fields): ByteArray =
        if ("hex" in fields) {
            fields.string("hex").hexToByteArray()
        } else {
            fields.string("repeat").repeat(fields.number("times")).toByteArray()
        }

    private fun counted(bytes: ByteArray, by: Int): ByteArray {
        val copy = ByteBuffer.wrap(bytes.copyOf())
        val at = bytes.size - Long.SIZE_BYTES
        return copy.putLong(at, copy.getLong(at) + by).array()
    }

    /** The cursor after a version, of whatever store. */
    private fun cursorAfter(version: ByteArray): ByteArray = byteArrayOf(1, version.size.toByte()) + ByteArray(16) + version

    private fun mangled(bytes: ByteArray): ByteArray = bytes.copyOf().also { it[0] = it[0] xor Byte.MIN_VALUE }
}
