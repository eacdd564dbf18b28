// Steps of many operations, one after another or at once.

package conformance

import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import slipstream.KvError
import slipstream.RevisionMismatch
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.test.assertEquals

private const val IN_FLIGHT = 64

/** The keys of many. */
fun manyKeys(prefix: String, count: Int): List<String> = List(count) { manyKey(prefix, it) }

/** The keys of `many: {prefix, count}`. */
fun manyKeys(many: Fields): List<String> = manyKeys(many.string("prefix"), many.number("count"))

suspend fun World.putMany(step: Fields) {
    val given = if ("value" in step) names.bytes(step["value"]) else null
    val writer = store(step)
    ofMany(manyKeys(step)) { index, key -> writer.put(key, given ?: index.toString().toByteArray()) }
}

suspend fun World.deleteMany(step: Fields) {
    val writer = store(step)
    ofMany(manyKeys(step)) { _, key -> writer.delete(key) }
}

/** Runs one call as many tasks at once and counts how they end. */
suspend fun World.race(step: Fields) {
    suspend fun one(task: Int): String =
        try {
            call(step.fields("step"), names.with("task", task.toString().toByteArray()))
            "ok"
        } catch (error: KvError) {
            error.code
        }
    val ends = coroutineScope { List(step.number("tasks")) { async { one(it) } }.awaitAll() }
    assertEquals(step["expect"], ends.groupingBy { it }.eachCount())
}

/** Counts a key up with `get` and `update` from several tasks at once (W2). */
suspend fun World.increment(step: Fields) {
    val (store, key) = store(step) to names.text(step["key"])
    suspend fun countUp() {
        var done = 0
        while (done < step.number("times")) {
            val entry = checkNotNull(store.get(key))
            try {
                store.update(key, counted(entry.value), entry.version)
                done += 1
            } catch (_: RevisionMismatch) {
                yield()
            }
        }
    }
    coroutineScope { repeat(step.number("tasks")) { launch { countUp() } } }
}

/** Runs steps while tasks keep writing the same keys. */
suspend fun World.whileOverwriting(step: Fields) {
    val (writer, keys) = store(step) to manyKeys(step)
    val writers = step.number("writers")
    val stop = AtomicBoolean()
    suspend fun write(first: Int) {
        var index = first
        while (!stop.get()) {
            writer.put(keys[index], keys[index].toByteArray())
            index = if (index + writers < keys.size) index + writers else first
            yield()
        }
    }
    coroutineScope {
        repeat(writers) { launch { write(it) } }
        try {
            run(step.steps("steps"))
        } finally {
            stop.set(true)
        }
    }
}

private fun manyKey(prefix: String, index: Int) = prefix + index.toString().padStart(6, '0')

private fun counted(value: ByteArray) = (value.decodeToString().toInt() + 1).toString().toByteArray()

private suspend fun ofMany(keys: List<String>, call: suspend (Int, String) -> Unit) {
    coroutineScope {
        repeat(IN_FLIGHT) { first ->
            launch { for (index in first..<keys.size step IN_FLIGHT) call(index, keys[index]) }
        }
    }
}
