// Tests of connections, stores and errors, as far as the Kotlin layer adds to them.

package slipstream

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.Test
import slipstream.ffi.live
import java.net.ServerSocket
import kotlin.test.assertContains
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val VALUE = "1".toByteArray()

/** What the layer over the generated one adds to connections, stores and errors. */
class StoreTest {
    @Test
    fun anErrorSaysWhatWasAsked() =
        onStore { store ->
            store.put("a", VALUE)
            val error = assertFailsWith<AlreadyExists> { store.create("a", VALUE) }
            assertEquals("AlreadyExists", error.code)
            assertEquals(listOf("a", "nodes", "create"), listOf(error.key, error.store, error.operation))
            assertFalse(error.retryable || error.outcomeUnknown)
            assertEquals("create \"a\" in \"nodes\": key already exists", error.message)
        }

    @Test
    fun timesAreCheckedBeforeAnythingIsAsked() =
        onStore { store ->
            for (ttl in listOf(Duration.ZERO, (-1).seconds)) {
                val error = assertFailsWith<InvalidArgument> { store.put("a", VALUE, ttl = ttl) }
                assertEquals(listOf("a", "nodes", "put"), listOf(error.key, error.store, error.operation))
            }
            assertFailsWith<InvalidArgument> { connect("memory:", timeout = Duration.ZERO) }
            assertFailsWith<InvalidArgument> { connect("memory:", connectTimeout = (-1).seconds) }
            assertNull(store.get("a"))
        }

    @Test
    fun w5ATimeToLiveIsADuration() =
        onStore { store ->
            store.watch("lease").use { watch ->
                val version = store.create("lease", VALUE, ttl = 50.milliseconds)
                // A reader that is late may be told of the removal alone.
                var last = watch.next()
                if (last is Put) assertEquals(version, last.version)
                while (last is Put) last = watch.next()
                assertIs<Purge>(last)
            }
            store.create("lease", VALUE)
        }

    @Test
    fun numbersOutOfRangeAreRefused() =
        onStore { _ ->
            connect("memory:").use { connection ->
                for (replicas in listOf(-1, 0, 6)) {
                    val error = assertFailsWith<InvalidArgument> { connection.store("s", numReplicas = replicas) }
                    assertContains(checkNotNull(error.message), "num_replicas $replicas")
                }
            }
        }

    @Test
    fun versionsAreBytesOfAnyOrigin() =
        onStore { store ->
            val version = store.put("a", VALUE)
            assertEquals(version, store.get("a")?.version)
            assertEquals(Entry("a", VALUE, version), store.get("a"))
            assertFailsWith<InvalidArgument> { store.update("a", VALUE, Version(ByteArray(11))) }
            assertFailsWith<InvalidArgument> { store.update("a", VALUE, Version(ByteArray(0))) }
        }

    @Test
    fun manyCoroutinesCallAtOnce() =
        onStore { store ->
            List(500) { async { store.put("a.$it", VALUE) } }.awaitAll()
            assertEquals(500, store.keys("a.").size)
            assertEquals(500, store.getMany(store.keys()).filterNotNull().size)
        }

    @Test
    fun x6MemoryIsNotTakenOnALengthsWord() =
        onStore { store ->
            store.put("a", VALUE)
            val boasting =
                object : AbstractList<String>() {
                    override val size = Int.MAX_VALUE

                    override fun get(index: Int) = listOf("b", "a")[index]

                    override fun iterator() = listOf("b", "a").iterator()
                }
            assertEquals(listOf(null, "a"), store.getMany(boasting).map { it?.key })
        }

    @Test
    fun l5AClosedConnectionAnswersNotConnected() =
        onStore { _ ->
            val connection = connect("memory:")
            assertTrue(connection.isHealthy)
            val store = connection.store("nodes")
            connection.close()
            connection.shutdown()
            assertFalse(connection.isHealthy)
            assertFailsWith<NotConnected> { store.get("a") }
            assertFailsWith<NotConnected> { connection.store("nodes") }
        }

    @Test
    fun aCancelledCallIsGivenUp() =
        onStore { _ ->
            // A server that says nothing.
            ServerSocket(0).use { silent ->
                val url = "nats://127.0.0.1:${silent.localPort}"
                assertNull(withTimeoutOrNull(50.milliseconds) { connect(url, connectTimeout = 15.seconds) })
                eventually { live().operations == 0UL }
            }
        }

    @Test
    fun l4ARefusedPortIsTold() {
        val port = ServerSocket(0).use { it.localPort }
        runBlocking(Dispatchers.Default) {
            val error = assertFailsWith<ConnectionFailed> { connect("nats://u:secret@127.0.0.1:$port") }
            assertTrue(error.retryable)
            assertFalse("secret" in error.stackTraceToString())
        }
    }
}
