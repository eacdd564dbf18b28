// How a Kotlin contestant is timed, and the data that all of them share.

package bench

import java.lang.management.ManagementFactory

/** What every key has for a value. */
val VALUE: ByteArray = ByteArray(128) { 'v'.code.toByte() }

/** Every key there is. */
val KEYS: List<String> = List(100_000) { "node.${it.toString().padStart(6, '0')}" }

/** `count` keys in an order that no cache can guess, the same in every run. */
fun sample(count: Int): List<String> {
    var state = 7u
    return List(count) {
        state = state * 1664525u + 1013904223u
        KEYS[(state % KEYS.size.toUInt()).toInt()]
    }
}

/** Times one run of `operations` operations and prints it as a JSON line. */
suspend fun measure(row: String, who: String, round: Int, operations: Int, run: suspend () -> Unit) {
    val (started, before) = System.nanoTime() to cpuSeconds()
    run()
    val (seconds, cpu) = (System.nanoTime() - started) / 1e9 to cpuSeconds() - before
    println(
        """{"row": "$row", "who": "$who", "round": $round, "operations": $operations, """ +
            """"seconds": $seconds, "cpu": $cpu}""",
    )
}

private val MACHINE = ManagementFactory.getOperatingSystemMXBean() as com.sun.management.OperatingSystemMXBean

private fun cpuSeconds(): Double = MACHINE.processCpuTime / 1e9
