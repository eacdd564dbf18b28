// An open connection.

package slipstream

import slipstream.ffi.Session
import slipstream.ffi.StoreOptions
import kotlin.time.Duration

/**
 * An open connection: a way to stores. [connect] opens one. Any number of threads and coroutines may
 * use it.
 *
 * ```
 * connect("memory:").use { connection -> println(connection.store("nodes").keys()) }
 * ```
 */
public class Connection internal constructor(
    // Transient, so that what serialises objects by their fields makes no copy of a native handle.
    @Transient private val native: Session,
) : AutoCloseable {
    /** Where this connection leads, without a password or token. */
    public val url: String = native.url()

    /** Whether the connection works right now (rule L1). */
    public val isHealthy: Boolean get() = native.isHealthy()

    /** What stores on this connection can do. */
    public val capabilities: ConnectionCapabilities get() = ConnectionCapabilities(native.capabilities())

    /**
     * Opens the store of this name, creating it if it is missing (rule L2).
     *
     * What is left out is unlimited, and one for history and replicas. An existing store is opened
     * as it is.
     *
     * ```
     * val store = connection.store("nodes", maxBytes = 1_000_000)
     * ```
     *
     * @param name 1 to 64 of A-Z a-z 0-9 - _ (rule K3)
     * @param storage "persistent" or "memory"
     * @param maxHistory versions kept of each key, 1 to 64
     * @param maxAge how long an entry lives unless written again
     * @param maxBytes the size of all keys and values
     * @param numReplicas servers that keep a copy, 1 to 5
     * @param discard what a full store does: "new" refuses the write, "old" evicts the oldest
     * @param create whether a missing store is made
     * @throws InvalidArgument before anything is created
     * @throws StoreNotFound if it is missing and `create` is false (R7)
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun store(
        name: String,
        storage: String? = null,
        maxHistory: Int? = null,
        maxAge: Duration? = null,
        maxBytes: Long? = null,
        numReplicas: Int? = null,
        discard: String? = null,
        create: Boolean = true,
    ): Store {
        val age = maxAge?.toNative("max_age", "store", store = name)
        val (history, replicas) = listOf(maxHistory, numReplicas).map { it?.toLong() }
        val options = StoreOptions(storage, history, age, maxBytes, replicas, discard, create)
        return Store(translating { native.store(name, options) })
    }

    /**
     * The names of the stores that there are, sorted (rule R7).
     *
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun stores(): List<String> = translating { native.stores() }

    /**
     * Deletes the store of this name with all that is in it (rule R7). Its open watches throw
     * [WatchError], calls of its handles [StoreNotFound], and its cursors [CursorExpired], also once a
     * store of this name is made anew: open that one to use it.
     *
     * ```
     * connection.deleteStore("nodes")
     * ```
     *
     * @throws StoreNotFound if there is none
     * @throws InvalidArgument if the name breaks rule K3
     * @throws PermissionDenied if the server does not let this user delete it
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun deleteStore(name: String) {
        translating { native.deleteStore(name) }
    }

    /**
     * Closes the connection: open watches end and every handle of it throws [NotConnected] (rule
     * L5). Twice is fine.
     */
    public suspend fun shutdown() {
        translating { native.shutdown() }
    }

    /** [shutdown] for `use`, which cannot suspend: it blocks until the connection is closed. */
    override fun close() {
        translating { native.shutdownBlocking() }
    }

    override fun toString(): String = "Connection(url=$url)"
}
