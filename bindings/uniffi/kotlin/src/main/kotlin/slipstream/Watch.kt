// A watch, read as a flow or by hand.

package slipstream

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import slipstream.ffi.Failure
import java.util.concurrent.atomic.AtomicBoolean
import slipstream.ffi.Watch as NativeWatch

/**
 * A watch. [Store.watch] opens one.
 *
 * Read it as a flow: [updates], or [batches] of what is there at once. A flow that ends, fails or is
 * cancelled closes the watch and frees what is behind it, so it can be collected once: collecting it
 * again throws [OperationFailed], and [Store.updates] is the flow for operators that do, such as
 * `retry`. Or read it by hand with [next] and [nextBatch], and close it. One reader at a time: a
 * second one throws [OperationFailed] and harms the first in nothing.
 *
 * ```
 * store.watch("node.").updates.collect { update ->
 *     when (update) {
 *         is Put -> println("${update.key} is ${update.value.decodeToString()}")
 *         is Delete, is Purge -> println("${update.key} is gone")
 *     }
 * }
 * ```
 */
public class Watch internal constructor(
    // Transient, so that what serialises objects by their fields makes no copy of a native handle.
    @Transient private val native: NativeWatch,
    private val store: String,
) : AutoCloseable {
    /** Held by whoever reads; a flow holds it from its first update to its end. */
    private val turn = AtomicBoolean()
    private var collected = false
    private var ahead: List<Update> = emptyList()
    private var taken = 0
    private var closedAt: Cursor? = null

    /** The updates, until the watch ends. */
    public val updates: Flow<Update> =
        flow {
            collecting {
                while (true) emit(read() ?: break)
            }
        }

    /** The same updates as lists: whatever is there at once, and at least one. */
    public val batches: Flow<List<Update>> =
        flow {
            collecting {
                while (true) emit(readBatch(BATCH).ifEmpty { break })
            }
        }

    /**
     * Whether the first state is complete (rule S3).
     */
    public val isSynced: Boolean get() = native.isSynced()

    /**
     * The position after the last update handed out (rule S4). Saved after an
     * update is handled and given to [Store.watch], nothing is lost and nothing that was handled is
     * repeated.
     */
    public val cursor: Cursor
        @Synchronized get() = closedAt ?: position() ?: Cursor(native.cursor())

    /**
     * The next update, or null once the watch has ended. Waits without a deadline; who gives up
     * loses nothing.
     *
     * @throws CursorExpired when changes after the cursor can no longer be told (S5)
     * @throws NotConnected once the connection is closed
     * @throws OperationFailed while somebody else reads
     * @throws WatchError if the watch cannot go on
     */
    public suspend fun next(): Update? = inTurn { read() }

    /**
     * The updates that are there, at least one and at most [max], or none once the watch has ended.
     * Waits without a deadline; who gives up loses nothing.
     *
     * @throws CursorExpired when changes after the cursor can no longer be told (S5)
     * @throws NotConnected once the connection is closed
     * @throws OperationFailed while somebody else reads
     * @throws WatchError if the watch cannot go on
     */
    public suspend fun nextBatch(max: Int = BATCH): List<Update> = inTurn { readBatch(max) }

    /**
     * Waits until the first state is complete (rule S3), also for an empty store: every update of it
     * was handed out, or waits in memory to be handed out next. With a cursor: until the watch has
     * caught up with the store.
     *
     * @throws CursorExpired when changes after the cursor can no longer be told (S5)
     * @throws NotConnected once the connection is closed
     * @throws WatchError if the watch is closed first
     */
    public suspend fun synced(): Unit = translating { native.synced() }

    /**
     * Closes the watch at once, and frees what is behind it (rule S9). Who reads it is told the end.
     * Twice is fine.
     */
    @Synchronized
    override fun close() {
        closedAt = cursor
        ahead = emptyList()
        native.cancel()
    }

    override fun toString(): String = "Watch(store=$store)"

    /** Reads for a flow, which closes the watch in the end. Who is refused closes nothing. */
    private suspend inline fun collecting(read: () -> Unit) {
        inTurn {
            if (collected) throw refused("this watch was collected and so is closed; collect Store.updates to do so again")
            collected = true
            use { read() }
        }
    }

    private inline fun <T> inTurn(read: () -> T): T {
        if (!turn.compareAndSet(false, true)) {
            throw refused("this watch is being read already; open one watch for each reader")
        }
        try {
            return read()
        } finally {
            turn.set(false)
        }
    }

    private fun refused(why: String): OperationFailed {
        val message = "watch in \"$store\": operation failed: $why"
        return OperationFailed(Failure("OperationFailed", message, "watch", store, null, false, false))
    }

    private suspend fun read(): Update? {
        do {
            takeOne()?.let { return it }
        } while (translating { native.fill() } && fetch())
        return null
    }

    private suspend fun readBatch(max: Int): List<Update> {
        val first = read() ?: return emptyList()
        return takeMore(first, max)
    }

    @Synchronized
    private fun takeOne(): Update? = ahead.getOrNull(taken)?.also { taken++ }

    /** Takes what is there of the native watch; false if the watch is closed. */
    @Synchronized
    private fun fetch(): Boolean {
        if (closedAt != null) return false
        // Another reader may have been first.
        if (taken >= ahead.size) {
            ahead = native.take(BATCH.toUInt()).map { it.translated() }
            taken = 0
        }
        return true
    }

    @Synchronized
    private fun takeMore(first: Update, max: Int): List<Update> {
        val end = minOf(ahead.size, taken + max - 1)
        val more = ahead.subList(taken, maxOf(taken, end))
        taken += more.size
        return listOf(first) + more
    }

    /** Where a reader is within what was taken of the native watch, unless it has read all of that. */
    private fun position(): Cursor? = if (taken in 1..<ahead.size) ahead[taken - 1].cursor else null
}

/** How many updates cross from the native side at once: enough to share out the cost of a call. */
private const val BATCH = 1024
