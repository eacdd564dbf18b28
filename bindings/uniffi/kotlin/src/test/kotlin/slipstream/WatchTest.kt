// Tests of watches, as far as the Kotlin layer adds to them.

package slipstream

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.Test
import slipstream.ffi.live
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val LIMIT = 20.seconds
private val VALUE = "1".toByteArray()

/** What the layer over the generated one adds to a watch. */
class WatchTest {
    @Test
    fun s1AFlowTellsTheStateAndThenChanges() =
        onStore { store ->
            store.put("a.1", VALUE)
            store.put("b.1", VALUE)
            val watch = store.watch("a.")
            val seen = Channel<Update>()
            val reading = launch { watch.updates.collect { seen.send(it) } }
            assertEquals("a.1", assertIs<Put>(seen.receive()).key)
            watch.synced()
            store.delete("a.1")
            assertIs<Delete>(seen.receive())
            store.purge("a.1")
            assertIs<Purge>(seen.receive())
            reading.cancelAndJoin()
        }

    @Test
    fun s4TheCursorIsThatOfTheUpdateThatIsHandled() =
        onStore { store ->
            repeat(10) { store.put("a.$it", VALUE) }
            val watch = store.watch("")
            watch.updates.take(4).collect { update -> assertEquals(update.cursor, watch.cursor) }
            val resumed = store.watch("", cursor = watch.cursor)
            assertEquals("a.4", resumed.updates.first().key)
        }

    @Test
    fun v6AVersionIsNoCursor() =
        onStore { store ->
            val version = store.put("a", VALUE)
            assertFailsWith<InvalidArgument> { store.watch("", cursor = Cursor(version.bytes)) }
        }

    @Test
    fun batchesAreWhatIsThereAtOnce() =
        onStore { store ->
            repeat(10) { store.put("a.$it", VALUE) }
            val sizes = store.watch("").batches.map { it.size }
            assertEquals(10, sizes.first())
            store.watch("").use { watch ->
                assertEquals(3, watch.nextBatch(3).size)
                assertEquals("a.3", watch.next()?.key)
                assertEquals(6, watch.nextBatch().size)
            }
        }

    @Test
    fun whoGivesUpANextLosesNothing() =
        onStore { store ->
            store.watch("").use { watch ->
                repeat(20) {
                    assertNull(withTimeoutOrNull(1.milliseconds) { watch.next() })
                    store.put("a.$it", VALUE)
                    assertEquals("a.$it", watch.next()?.key)
                }
            }
        }

    @Test
    fun s9ACancelledFlowFreesTheConsumer() =
        onStore { store ->
            val watch = store.watch("")
            val reading = CompletableDeferred<Unit>()
            val job =
                launch {
                    reading.complete(Unit)
                    watch.updates.collect { }
                }
            reading.await()
            delay(10.milliseconds)
            job.cancelAndJoin()
            // It is closed: nothing comes, and nobody waits for it.
            store.put("a", VALUE)
            assertNull(watch.next())
            eventually { live().operations == 0UL }
        }

    @Test
    fun s9AFlowThatFailsClosesItsWatch() =
        onStore { store ->
            store.put("a", VALUE)
            val watch = store.watch("")
            assertFailsWith<IllegalStateException> { watch.updates.collect { error("mine") } }
            assertNull(watch.next())
        }

    @Test
    fun aSecondReaderIsRefused() =
        onStore { store ->
            store.watch("").use { watch ->
                val first = launch(start = CoroutineStart.UNDISPATCHED) { watch.next() }
                assertFailsWith<OperationFailed> { watch.next() }
                first.cancelAndJoin()
                assertNull(withTimeoutOrNull(1.milliseconds) { watch.next() })
            }
        }

    @Test
    fun closingEndsAReaderAndKeepsTheCursor() =
        onStore { store ->
            repeat(3) { store.put("a.$it", VALUE) }
            val watch = store.watch("")
            val first = checkNotNull(watch.next())
            watch.close()
            watch.close()
            assertNull(watch.next())
            assertEquals(first.cursor, watch.cursor)

            val waiting = store.watch("b")
            val end = async(start = CoroutineStart.UNDISPATCHED) { waiting.next() }
            waiting.close()
            assertNull(end.await())
            assertFailsWith<WatchError> { waiting.synced() }
        }

    @Test
    fun l5AClosedConnectionEndsAFlow() =
        onStore { store ->
            connect("memory:").use { connection ->
                val watch = connection.store("nodes").watch("")
                val end = async(start = CoroutineStart.UNDISPATCHED) { runCatching { watch.updates.toList() } }
                connection.shutdown()
                assertIs<NotConnected>(end.await().exceptionOrNull())
            }
            store.put("a", VALUE)
        }

    @Test
    fun s6AnEmptyListEndsAtOnce() =
        onStore { store ->
            store.put("a", VALUE)
            assertEquals(emptyList(), store.watch(emptyList()).updates.toList())
            assertEquals(emptyList(), store.watch(keys = emptyList()).updates.toList())
        }

    @Test
    fun s6PrefixesAndKeysComeInAnyIterable() =
        onStore { store ->
            for (key in listOf("a.1", "b.1", "c.1", "d")) store.put(key, VALUE)
            suspend fun told(updates: Flow<Update>, count: Int) = updates.take(count).map { it.key }.toList()
            assertEquals(listOf("a.1", "b.1", "c.1", "d"), told(store.watch().updates, 4))
            assertEquals(listOf("a.1", "c.1"), told(store.watch(setOf("a.", "c.")).updates, 2))
            assertEquals(listOf("b.1", "d"), told(store.watch(keys = setOf("d", "b.1")).updates, 2))
            assertEquals(listOf("a.1", "d"), told(store.updates("a.", keys = listOf("d")), 2))
            assertEquals(listOf("a.1", "c.1", "d"), told(store.updates(listOf("a.", "c."), keys = listOf("d")), 3))
        }
}

/** Runs a test with a store of its own, off the main thread and within a limit. */
internal fun onStore(test: suspend CoroutineScope.(Store) -> Unit): Unit =
    runBlocking(Dispatchers.Default) {
        withTimeout(LIMIT) {
            connect("memory:").use { connection -> test(connection.store("nodes")) }
        }
    }

/** Waits until something holds. */
internal suspend fun eventually(within: Duration = 5.seconds, holds: () -> Boolean) {
    val held =
        withTimeoutOrNull(within) {
            while (!holds()) delay(5.milliseconds)
            true
        }
    assertTrue(held ?: false, "did not hold within $within")
}
