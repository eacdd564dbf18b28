// `store.get(k)` on `memory:`, a `HashMap` lookup, and what the layers below cost: the generated
// suspending call, its blocking twin, and a generated call that does nothing.

package bench

import kotlinx.coroutines.runBlocking
import slipstream.connect
import slipstream.ffi.ConnectOptions
import slipstream.ffi.StoreOptions
import slipstream.ffi.connectBlocking

private const val ROW = "kotlin-get-memory"
private const val WARM_UP = 3

/** Arguments: rounds, a directory that is not used, and the row. */
fun main(arguments: Array<String>) {
    val many = sample(100_000)
    runBlocking {
        connect("memory:bench").use { connection ->
            val store = connection.store("bench")
            for (key in KEYS) store.put(key, VALUE)
            // A value of its own for each key, as the store has.
            val map = KEYS.associateWith { VALUE.copyOf() }
            val generated = connectBlocking("memory:bench", ConnectOptions()).storeBlocking("bench", StoreOptions())
            repeat(WARM_UP) {
                for (key in many) store.get(key)
                for (key in many) generated.get(key)
                for (key in many) generated.getBlocking(key)
                for (key in many) generated.name()
            }
            repeat(arguments[0].toInt()) { round ->
                measure(ROW, "slipstream", round, many.size) { for (key in many) store.get(key) }
                measure(ROW, "HashMap.get", round, many.size) { many.sumOf { map.getValue(it).size } }
                measure(ROW, "generated suspending call", round, many.size) { for (key in many) generated.get(key) }
                measure(ROW, "generated blocking call", round, many.size) { for (key in many) generated.getBlocking(key) }
                measure(ROW, "generated call that does nothing", round, many.size) { repeat(many.size) { generated.name() } }
            }
        }
    }
}
