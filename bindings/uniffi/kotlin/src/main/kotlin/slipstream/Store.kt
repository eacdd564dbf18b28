// One store: reads, writes, and the opening of watches.

package slipstream

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emitAll
import kotlinx.coroutines.flow.flow
import slipstream.ffi.Found
import kotlin.time.Duration
import slipstream.ffi.Store as NativeStore

/**
 * One store: reads, writes, compare-and-swap and watches. [Connection.store] opens one.
 *
 * ```
 * val store = connection.store("nodes")
 * var version = store.put("node.a", "10.0.0.1".toByteArray())
 * version = store.update("node.a", "10.0.0.2".toByteArray(), version)
 * val entry = store.get("node.a")
 * ```
 */
public class Store internal constructor(
    // Transient, so that what serialises objects by their fields makes no copy of a native handle.
    @Transient private val native: NativeStore,
) {
    /** The store's name. */
    public val name: String = native.name()

    /**
     * The live entry of a key, or null (rule R1). A missing key is never an error.
     *
     * @throws InvalidArgument if the key breaks rule K4
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun get(key: String): Entry? {
        // What need not wait is spared the future of a suspending call.
        val entry =
            translating {
                when (val found = native.getNow(key)) {
                    is Found.Now -> found.entry
                    is Found.Later -> native.get(key)
                }
            }
        return entry?.let { Entry(it) }
    }

    /**
     * What [get] finds for each of these keys, in their order (rule R1). Cheaper than as many calls:
     * a store that can is asked for all of them at once. Others may write between the reads of two
     * keys.
     *
     * @param keys the keys; one may be there twice
     * @throws InvalidArgument if a key breaks rule K4; nothing is read then
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun getMany(keys: List<String>): List<Entry?> =
        translating { native.getMany(counted(keys)) }.map { found -> found?.let { Entry(it) } }

    /**
     * The raw last record of a key, which may be a tombstone with an empty value and its own version
     * (rule R3). Null if it was never written, was purged or has expired.
     *
     * @throws InvalidArgument if the key breaks rule K4
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun entry(key: String): Entry? = translating { native.entry(key) }?.let { Entry(it) }

    /**
     * How much the store holds, and its limits as they are (rule R7). In memory and in a file it costs
     * about what [get] does. On NATS it counts the keys, which costs as much as [keys].
     *
     * @throws StoreNotFound once the store was deleted
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun info(): StoreInfo = StoreInfo(translating { native.info() })

    /**
     * Every live key with this prefix, sorted by bytes (rule R4). The empty prefix is every key.
     *
     * @throws InvalidArgument if the prefix breaks rule K2
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun keys(prefix: String = ""): List<String> = translating { native.keys(prefix) }

    /**
     * Every live entry whose key has this prefix, sorted by key (rule R4). The empty prefix is
     * everything.
     *
     * @throws InvalidArgument if the prefix breaks rule K2
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun scan(prefix: String = ""): List<Entry> =
        translating { native.scan(prefix) }.map { Entry(it) }

    /**
     * Writes unconditionally and answers the new version (rule W1). An empty value is a value: reads show it (R2).
     *
     * After a [Timeout] the outcome is unknown (W6), and so it is when the call is cancelled.
     *
     * @param ttl after this time the key is gone (W5)
     * @throws InvalidArgument if the key or an option breaks a rule
     * @throws LimitExceeded if the value is too large or the store is full (W7)
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun put(key: String, value: ByteArray, ttl: Duration? = null): Version =
        translating { Version(native.put(key, value, ttl?.toNative("ttl", "put", name, key))) }

    /**
     * Writes only where there is no live value, and answers the new version (rule W1).
     *
     * @param ttl after this time the key is gone (W5)
     * @throws AlreadyExists if there is a live value
     * @throws InvalidArgument if the key or an option breaks a rule
     * @throws LimitExceeded if the value is too large or the store is full (W7)
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun create(key: String, value: ByteArray, ttl: Duration? = null): Version =
        translating { Version(native.create(key, value, ttl?.toNative("ttl", "create", name, key))) }

    /**
     * Writes only if [version] is the key's current one, and answers the new version (rule W2).
     *
     * @param version from [get], [entry], a write or a watch, of any process and language (V3)
     * @param ttl after this time the key is gone (W5)
     * @throws RevisionMismatch if the key is at another version, or absent
     * @throws InvalidArgument if the key, the version (V5) or an option breaks a rule
     * @throws LimitExceeded if the value is too large or the store is full (W7)
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun update(
        key: String,
        value: ByteArray,
        version: Version,
        ttl: Duration? = null,
    ): Version =
        translating {
            Version(native.update(key, value, version.bytes, ttl?.toNative("ttl", "update", name, key)))
        }

    /**
     * Deletes a key, leaving a tombstone; idempotent (rule W3). False where nothing was live, as far
     * as the backend knows.
     *
     * @throws InvalidArgument if the key breaks rule K4
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun delete(key: String): Boolean = translating { native.delete(key) }

    /**
     * Deletes a key only if [version] is its current one (rules W2, W3).
     *
     * @throws RevisionMismatch if the key is at another version, or absent
     * @throws InvalidArgument if the key breaks rule K4 or the version is of a wrong shape (V5)
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun deleteWithVersion(key: String, version: Version): Boolean =
        translating { native.deleteWithVersion(key, version.bytes) }

    /**
     * Drops a key's value and history (rule W4). Purging an absent key is no error.
     *
     * @throws InvalidArgument if the key breaks rule K4
     * @throws NotConnected once the connection is closed
     * @throws Timeout if it took too long
     */
    public suspend fun purge(key: String): Unit = translating { native.purge(key) }

    /**
     * Watches every key, or those that have one of these prefixes, or exactly these keys: their state
     * first and then every change (rule S1), or with a cursor only what came after it (S4). Prefixes
     * and keys together are one watch of all of them, which tells each update once (S6).
     *
     * ```
     * store.watch("node.", cursor = saved).updates.collect { update ->
     *     handle(update)
     *     saved = update.cursor
     * }
     * ```
     *
     * The watch itself throws [CursorExpired] when changes after the cursor can no longer be told
     * (S5), and [NotConnected] once the connection is closed.
     *
     * @param prefixes without any, and without keys, it is every key
     * @param keys keys that are watched, alone or beside the prefixes; an empty list is none
     * @param cursor a saved one, of a watch or an update; null and empty are no cursor
     * @throws InvalidArgument if a prefix, a key or the cursor breaks a rule
     * @throws NotConnected once the connection is closed
     */
    public fun watch(vararg prefixes: String, keys: Iterable<String>? = null, cursor: Cursor? = null): Watch =
        open(prefixes.asList().ifEmpty { null }, keys, cursor)

    /**
     * [watch] with the prefixes in a list or another iterable. An empty one is no key at all: without
     * [keys] the watch ends at once (rule S6).
     */
    public fun watch(prefixes: Iterable<String>, keys: Iterable<String>? = null, cursor: Cursor? = null): Watch =
        open(prefixes, keys, cursor)

    /**
     * What [watch] tells, as a cold flow: each collection opens a watch of its own and closes it in the
     * end. So it may be collected any number of times and at once, and `retry` and `shareIn` begin
     * again: with the state, or with what came after [cursor].
     *
     * ```
     * store.updates("node.").retry { it is CursorExpired }.collect { update -> handle(update) }
     * ```
     *
     * A collection throws what [watch] throws, and what the watch itself does.
     *
     * @param prefixes without any, and without keys, it is every key
     * @param keys keys that are watched, alone or beside the prefixes; an empty list is none
     * @param cursor a saved one, of a watch or an update; null and empty are no cursor
     */
    public fun updates(vararg prefixes: String, keys: Iterable<String>? = null, cursor: Cursor? = null): Flow<Update> =
        flow { emitAll(watch(*prefixes, keys = keys, cursor = cursor).updates) }

    /** [updates] with the prefixes in a list or another iterable; an empty one is no key at all (rule S6). */
    public fun updates(prefixes: Iterable<String>, keys: Iterable<String>? = null, cursor: Cursor? = null): Flow<Update> =
        flow { emitAll(watch(prefixes, keys, cursor).updates) }

    private fun open(prefixes: Iterable<String>?, keys: Iterable<String>?, cursor: Cursor?): Watch {
        val opened = translating { native.watch(prefixes?.let(::counted), keys?.let(::counted), cursor?.bytes ?: NO_CURSOR) }
        return Watch(opened, name)
    }

    override fun toString(): String = "Store(name=$name)"
}

/** As many keys as there are, whatever a list says of its size, for which memory is taken. */
private fun counted(keys: Iterable<String>): List<String> = ArrayList<String>().apply { for (key in keys) add(key) }

private val NO_CURSOR = ByteArray(0)
