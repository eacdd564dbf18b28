// A watch as a scenario reads it.

package conformance

import kotlinx.coroutines.withTimeoutOrNull
import slipstream.Cursor
import slipstream.Delete
import slipstream.KvError
import slipstream.Purge
import slipstream.Put
import slipstream.Store
import slipstream.Update
import slipstream.Watch
import java.util.Arrays
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

private val QUIET = 150.milliseconds

/** What a watch is asked for; without prefixes and keys it is everything (S6). */
class Asked(
    private val prefixes: List<String>?,
    private val keys: List<String>?,
) {
    /** Opens it, with the prefixes as several arguments or in an iterable. */
    fun watch(
        store: Store,
        cursor: Cursor?,
        listed: Boolean,
    ): Watch =
        if (listed || prefixes?.isEmpty() == true) {
            store.watch(prefixes.orEmpty().asIterable(), keys, cursor)
        } else {
            store.watch(*prefixes.orEmpty().toTypedArray(), keys = keys, cursor = cursor)
        }

    fun has(key: String): Boolean =
        (prefixes == null && keys == null) || key in keys.orEmpty() || prefixes.orEmpty().any { key.startsWith(it) }
}

/** A watch as a scenario reads it, or why it could not be opened; each update is checked. */
class Watching(
    val watch: Watch?,
    private val failed: KvError?,
    val asked: Asked,
) {
    /** The fold of all updates. */
    val state: MutableMap<String, String> = mutableMapOf()

    /** The version of the last update. */
    var last: ByteArray? = null
        private set

    /** The next update, which must come. */
    suspend fun update(within: Duration = PATIENCE): Update {
        val update = bounded(within, "no update came") { open().next() }
        return checked(assertNotNull(update, "the watch ended"))
    }

    /** The error that ends the watch, or nothing. It must be next, or come after updates. */
    suspend fun end(afterUpdates: Boolean, within: Duration): KvError? {
        while (true) {
            val update =
                try {
                    bounded(within, "did not end") { open().next() } ?: return null
                } catch (error: KvError) {
                    return error
                }
            assertTrue(afterUpdates, "got $update instead of the end")
            checked(update)
        }
    }

    /** Waits a little for nothing to come. */
    suspend fun quiet() {
        assertNull(withTimeoutOrNull(QUIET) { open().next() ?: error("the watch ended") })
    }

    suspend fun synced() {
        bounded(PATIENCE, "not synced") { open().synced() }
        assertTrue(open().isSynced)
    }

    private fun open(): Watch = watch ?: throw checkNotNull(failed)

    /** Every update is of a key asked for (S6) and newer than all before it (S2). */
    private fun checked(update: Update): Update {
        assertTrue(asked.has(update.key), "$update")
        last?.let { assertTrue(Arrays.compareUnsigned(it, update.version.bytes) < 0, "$update after $it") }
        last = update.version.bytes
        if (update is Put) state[update.key] = update.value.toHexString() else state -= update.key
        return update
    }
}

/** Whether an update is the `[kind, key, value]` that a scenario expects. */
fun fits(update: Update, expected: List<ByteArray>): Boolean {
    val kinds =
        when (update) {
            is Put -> listOf("put")
            is Delete -> listOf("delete", "gone")
            is Purge -> listOf("purge", "gone", update.reason?.name?.lowercase())
        }
    val value = (update as? Put)?.value
    return expected[0].decodeToString() in kinds &&
        expected[1].decodeToString() == update.key &&
        expected.getOrNull(2).contentEquals(value)
}
