// Tests of durations as arguments.

package slipstream

import kotlinx.coroutines.delay
import org.junit.jupiter.api.Test
import java.io.File
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val VALUE = "1".toByteArray()

/** G1: durations are bounded in every option, and none wraps. */
class DurationTest {
    @Test
    fun g1WhatIsADurationIsTakenAsItIs() =
        onStore { store ->
            connect("memory:").use { connection ->
                // What is less than half of a nanosecond is no time in Kotlin.
                for (time in listed("taken").filter { it.isPositive() }) {
                    store.put("put", VALUE, ttl = time)
                    store.create("create", VALUE, ttl = time)
                    store.update("put", VALUE, store.put("put", VALUE), ttl = time)
                    val aged = connection.store("aged${time.inWholeNanoseconds}", maxAge = time)
                    aged.put("a", VALUE)
                    if (time >= 1.hours) {
                        delay(10.milliseconds)
                        assertEquals(listOf("create", "put"), store.keys(), "$time")
                        assertEquals(listOf("a"), aged.keys(), "$time")
                    }
                    for (key in store.keys()) store.purge(key)
                    connect("memory:", timeout = 60.seconds, connectTimeout = time).use { assertTrue(it.isHealthy) }
                    connect("memory:", timeout = time).use { assertTrue(it.isHealthy) }
                }
            }
        }

    @Test
    fun g1WhatIsNoneOrTooLongIsRefusedByName() =
        onStore { store ->
            val version = store.put("k", VALUE)
            val refused = listed("refused") + listOf(Duration.INFINITE, -Duration.INFINITE, 36_500.days + 1.milliseconds)
            for (time in refused) {
                fun named(option: String, error: InvalidArgument) = assertContains(checkNotNull(error.message), "$option ")
                named("ttl", assertFailsWith<InvalidArgument>("$time") { store.put("k", VALUE, ttl = time) })
                named("ttl", assertFailsWith<InvalidArgument>("$time") { store.create("new", VALUE, ttl = time) })
                named("ttl", assertFailsWith<InvalidArgument>("$time") { store.update("k", VALUE, version, ttl = time) })
                named("timeout", assertFailsWith<InvalidArgument>("$time") { connect("memory:", timeout = time) })
                named("connect_timeout", assertFailsWith<InvalidArgument>("$time") { connect("memory:", connectTimeout = time) })
                connect("memory:").use { connection ->
                    named("max_age", assertFailsWith<InvalidArgument>("$time") { connection.store("fresh", maxAge = time) })
                }
            }
            assertEquals(listOf("k"), store.keys())
        }

    /** The times of the list that every language has; Kotlin has none that is no number. */
    private fun listed(name: String): List<Duration> {
        val text = File(System.getProperty("slipstream.root"), "tests/kit/durations.json").readText()
        val list = checkNotNull(Regex("\"$name\": \\[([^\\]]*)\\]").find(text)).groupValues[1]
        val numbers = Regex("\"([^\"]+)\"").findAll(list).map { it.groupValues[1] }.toList()
        assertTrue(numbers.size > 5)
        return numbers.filter { it != "nan" }.map { it.replace("inf", "Infinity").toDouble().seconds }
    }
}
