// Steps about watches.

package conformance

import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import slipstream.Cursor
import slipstream.KvError
import slipstream.Put
import slipstream.Store
import slipstream.Watch
import slipstream.ffi.live
import kotlin.concurrent.thread
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** Opens a watch. If that fails it is the watch's end, for `ends` to find. */
fun World.watch(step: Fields) {
    val asked = Asked(eachOf(step, "prefixes", "many"), eachOf(step, "keys", "many_keys"))
    val cursor = if ("cursor" in step) Cursor(names.token(step["cursor"])) else null
    val watching =
        try {
            Watching(asked.watch(store(step), cursor, step.flag("listed")), null, asked)
        } catch (error: KvError) {
            Watching(null, error, asked)
        }
    keep(step.string("as", "watch"), watching)
}

suspend fun World.updates(step: Fields) {
    val expected = step.list("expect").map { parts -> (parts as List<*>).map { names.bytes(it) } }.toMutableList()
    val watching = watching(step)
    while (expected.isNotEmpty()) {
        val update = watching.update(step.time("within") ?: PATIENCE)
        val open = if (step.flag("any_order")) expected else expected.take(1)
        val found = open.indexOfFirst { fits(update, it) }
        assertTrue(found >= 0, "got $update")
        expected.removeAt(found)
    }
    if ("version" in step) assertSameBytes(names.token(step["version"]), watching.last)
    saveCursor(step)
}

/** Reads the puts of `put_many`, each once, in whatever order they were written. */
suspend fun World.updatesMany(step: Fields) {
    val missing = manyKeys(step).toMutableSet()
    val watching = watching(step)
    while (missing.isNotEmpty()) {
        val update = watching.update()
        assertIs<Put>(update)
        assertTrue(missing.remove(update.key), "got $update")
    }
    saveCursor(step)
}

/** Reads until the fold of all updates is the expected state. */
suspend fun World.fold(step: Fields) {
    val expected = step.fields("expect")
    val state = expected.names.associateWith { names.bytes(expected[it]).toHexString() }
    val watching = watching(step)
    while (watching.state != state) watching.update()
}

/** Reads until `key` is told, and compares the fold of all updates with what the store reads. */
suspend fun World.settle(step: Fields) {
    val watching = watching(step)
    while (watching.update().key != step.string("key")) continue
    val stored =
        stores
            .getValue("main")
            .scan()
            .filter { entry -> watching.asked.has(entry.key) }
            .filter { entry -> !step.flag("partial") || entry.key in watching.state }
            .associate { it.key to it.value.toHexString() }
    assertEquals<Map<String, String>>(stored, watching.state)
}

fun World.saveCursor(step: Fields) {
    val cursor = checkNotNull(watching(step).watch).cursor.bytes
    if ("as" in step) names.save(step.string("as"), cursor)
}

suspend fun World.ends(step: Fields) {
    val end = watching(step).end(step.flag("after_updates"), step.time("within") ?: PATIENCE)
    if ("error" in step) {
        checkError(assertNotNull(end, "ended normally instead of ${step["error"]}"), step["error"], names)
    } else {
        assertNull(end)
    }
}

/** Opens watches and forgets them (S9): none is left within a second. */
suspend fun World.abandonWatches(step: Fields) {
    System.gc()
    val before = live().watches
    // In a thread of its own, since the frames of this one may still know what they have called.
    thread { runBlocking { openAndForget(stores.getValue("main"), step, prefixes(step)) } }.join()
    // A second from when they were collected, which takes its time in a heap that other scenarios
    // have filled.
    System.gc()
    val limit = TimeSource.Monotonic.markNow() + 1.seconds
    do {
        delay(10.milliseconds)
    } while (live().watches > before && limit.hasNotPassedNow())
    assertTrue(live().watches <= before, "${live().watches} watches are left of ${step["count"]}")
}

private suspend fun openAndForget(store: Store, step: Fields, prefixes: List<String>) {
    val kept = mutableListOf<Watch>()
    repeat(step.number("count")) {
        kept += store.watch(*prefixes.toTypedArray())
        if (step.flag("read")) kept.last().next()
    }
    assertTrue(live().watches >= kept.size.toULong())
}

private fun World.eachOf(
    step: Fields,
    texts: String,
    many: String,
): List<String>? =
    when {
        many in step -> manyKeys(step.fields(many))
        texts in step -> step.list(texts).map { names.text(it) }
        else -> null
    }

private fun World.prefixes(step: Fields): List<String> =
    if ("prefixes" in step) step.list("prefixes").map { names.text(it) } else listOf("")
