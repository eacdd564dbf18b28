// Comparisons of what came with what a scenario expects.

package conformance

import slipstream.Entry
import slipstream.KvError
import slipstream.Version
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** Compares an error with `error:`. */
fun checkError(error: KvError, spec: Any?, names: Names) {
    val wanted = if (spec is String) Fields(mapOf("code" to spec)) else Fields.of(spec)
    val shown = error.stackTraceToString()
    assertEquals(emptySet(), wanted.names - TOLD)
    assertEquals(wanted["code"], error.code, shown)
    assertEquals(error.code, error.javaClass.simpleName)
    val message = assertNotNull(error.message)
    if ("contains" in wanted) wanted.list("contains").forEach { assertContains(message, names.text(it)) }
    if ("lacks" in wanted) wanted.list("lacks").forEach { assertFalse(names.text(it) in shown, shown) }
    if ("key" in wanted) assertEquals(names.text(wanted["key"]), error.key, shown)
    if ("store" in wanted) assertEquals(wanted["store"], error.store, shown)
    if ("retryable" in wanted) assertEquals(wanted["retryable"], error.retryable, shown)
    if ("outcome_unknown" in wanted) assertEquals(wanted["outcome_unknown"], error.outcomeUnknown, shown)
}

/** Compares an answer with `expect:`. */
fun checkAnswer(answer: Any?, expected: Any?, names: Names) {
    when {
        expected == null -> assertNull(answer)
        answer is Entry -> assertSameBytes(names.bytes(expected), answer.value)
        answer is List<*> && answer.all { it is Entry } -> checkEntries(answer, expected, names)
        else -> assertEquals(expected, answer)
    }
}

/** Compares when an entry ends with `expires_in:`, in seconds from now. */
fun checkEnd(entry: Entry, seconds: List<*>?) {
    val left = entry.expiresAt?.let { (it.toEpochMilli() - System.currentTimeMillis()) / MILLIS }
    if (seconds == null) return assertNull(left)
    val (least, most) = seconds.map { (it as Number).toDouble() }
    assertTrue(assertNotNull(left) in least..most, "$left s left")
}

/** The version that an answer carries. */
fun versionOf(answer: Any?): ByteArray? =
    when (answer) {
        is Entry -> answer.version.bytes
        is Version -> answer.bytes
        else -> null
    }

/** That two tokens or values have the same bytes. */
fun assertSameBytes(expected: ByteArray?, actual: ByteArray?, message: String? = null) {
    assertEquals(expected?.toHexString(), actual?.toHexString(), message)
}

private const val MILLIS = 1000.0
private val TOLD = setOf("code", "contains", "lacks", "key", "store", "retryable", "outcome_unknown")

private fun checkEntries(answer: List<*>, expected: Any, names: Names) {
    val wanted = (expected as List<*>).map { pair -> (pair as List<*>).let { (key, value) -> key to names.bytes(value).toHexString() } }
    assertEquals<List<Any?>>(wanted, answer.map { entry -> (entry as Entry).key to entry.value.toHexString() })
}
