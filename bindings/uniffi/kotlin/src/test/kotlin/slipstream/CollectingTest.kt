// Tests of collecting a watch: once, again, and by two readers.

package slipstream

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.retry
import kotlinx.coroutines.flow.retryWhen
import kotlinx.coroutines.flow.shareIn
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertNull

private val VALUE = "1".toByteArray()

/** G2: a refused reader closes nothing, and a watch that was collected says so. */
class CollectingTest {
    @Test
    fun g2ARefusedReaderClosesNothing() =
        onStore { store ->
            val watch = store.watch("")
            val seen = Channel<Update>()
            val first = launch(start = CoroutineStart.UNDISPATCHED) { watch.updates.collect { seen.send(it) } }
            suspend fun refused(read: suspend () -> Unit) {
                val error = assertFailsWith<OperationFailed> { read() }
                assertContains(checkNotNull(error.message), "being read already")
            }
            for (round in 0..2) {
                refused { watch.updates.collect() }
                refused { watch.updates.toList() }
                refused { watch.updates.first() }
                refused { watch.updates.retry(2).collect() }
                refused { watch.batches.collect() }
                refused { watch.next() }
                refused { watch.nextBatch() }
                store.put("a.$round", VALUE)
                assertEquals("a.$round", seen.receive().key)
            }
            first.cancelAndJoin()
        }

    @Test
    fun g2ACollectorBesideOneThatReadsByHandClosesNothing() =
        onStore { store ->
            store.watch("").use { watch ->
                val first = async(start = CoroutineStart.UNDISPATCHED) { watch.next() }
                assertFailsWith<OperationFailed> { watch.updates.collect() }
                store.put("a", VALUE)
                assertEquals("a", first.await()?.key)
                store.put("b", VALUE)
                assertEquals("b", watch.updates.first().key)
            }
        }

    @Test
    fun g2AWatchThatWasCollectedThrowsWhenItIsCollectedAgain() =
        onStore { store ->
            store.put("a", VALUE)
            val spent: List<suspend (Watch) -> Unit> =
                listOf(
                    { it.updates.first() },
                    { it.updates.take(1).toList() },
                    { it.batches.first() },
                    { watch -> assertFailsWith<IllegalStateException> { watch.updates.collect { error("mine") } } },
                    { watch -> launch(start = CoroutineStart.UNDISPATCHED) { watch.updates.collect() }.cancelAndJoin() },
                )
            for (collect in spent) {
                val watch = store.watch("")
                collect(watch)
                for (flow in listOf(watch.updates, watch.batches)) {
                    val error = assertFailsWith<OperationFailed> { flow.toList() }
                    assertContains(checkNotNull(error.message), "was collected")
                    assertFailsWith<OperationFailed> { flow.retryWhen { _, attempt -> attempt < 3 }.collect() }
                }
                assertNull(watch.next())
            }
            val ended = store.watch(emptyList())
            assertEquals(emptyList(), ended.updates.toList())
            assertFailsWith<OperationFailed> { ended.updates.toList() }
        }

    @Test
    fun g2AClosedWatchTellsItsEndToWhoCollectsItLater() =
        onStore { store ->
            val watch = store.watch("")
            watch.close()
            assertEquals(emptyList(), watch.updates.toList())
            assertFailsWith<OperationFailed> { watch.updates.toList() }
        }

    @Test
    fun g2EachCollectionOfTheColdFlowOpensAWatch() =
        onStore { store ->
            store.put("a.1", VALUE)
            store.put("b.1", VALUE)
            val updates = store.updates("a.")
            repeat(2) { assertEquals("a.1", updates.first().key) }
            val both = List(2) { async { updates.take(2).map { it.key }.toList() } }
            store.put("a.2", VALUE)
            for (told in both) assertEquals(listOf("a.1", "a.2"), told.await())
            var failures = 0
            val again =
                updates.onEach { if (failures++ == 0) error("once") }.retry(1).first()
            assertEquals("a.1", again.key)
            val resumed = store.updates("a.", cursor = again.cursor)
            repeat(2) { assertEquals("a.2", resumed.first().key) }
            assertEquals(emptyList(), store.updates(emptyList()).toList())
            assertFailsWith<InvalidArgument> { store.updates("a b").collect() }
        }

    @Test
    fun g2TheColdFlowCanBeShared() =
        onStore { store ->
            store.put("a", VALUE)
            val sharing = CoroutineScope(Dispatchers.Default)
            val shared: Flow<Update> = store.updates("").shareIn(sharing, SharingStarted.WhileSubscribed())
            // Nobody is left after each, and the next one begins anew.
            repeat(3) { assertIs<Put>(shared.first()) }
            sharing.cancel()
        }
}
