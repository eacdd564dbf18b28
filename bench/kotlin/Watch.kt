// A state of 100,000 keys through a `Flow`.

package bench

import kotlinx.coroutines.flow.take
import kotlinx.coroutines.runBlocking
import slipstream.connect

private const val ROW = "kotlin-watch"
private const val WARM_UP = 5

/** Arguments: rounds, a directory that is not used, and the row. */
fun main(arguments: Array<String>) {
    runBlocking {
        connect("memory:").use { connection ->
            val store = connection.store("bench")
            for (key in KEYS) store.put(key, VALUE)
            suspend fun read() {
                var bytes = 0
                store.watch("").updates.take(KEYS.size).collect { bytes += it.key.length }
                check(bytes == KEYS.sumOf { it.length })
            }
            repeat(WARM_UP) { read() }
            repeat(arguments[0].toInt()) { round -> measure(ROW, "slipstream", round, KEYS.size) { read() } }
        }
    }
}
