// Adds 1 to a counter as often as it is told, with nothing but `get` and `update`.

import kotlinx.coroutines.runBlocking
import slipstream.RevisionMismatch
import slipstream.connect

fun main(arguments: Array<String>) {
    val (url, times) = arguments
    runBlocking {
        connect(url).use { connection ->
            val store = connection.store("counters")
            println("\"ready\"")
            readln()
            var conflicts = 0
            var left = times.toInt()
            while (left > 0) {
                val entry = checkNotNull(store.get("counter"))
                val next = entry.value.decodeToString().toInt() + 1
                try {
                    store.update("counter", next.toString().toByteArray(), entry.version)
                    left -= 1
                } catch (_: RevisionMismatch) {
                    conflicts += 1
                }
            }
            println("""{"conflicts": $conflicts}""")
        }
    }
}
