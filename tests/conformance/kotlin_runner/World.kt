// What a scenario has open, and the names it has given.

package conformance

import slipstream.Connection
import slipstream.Store
import slipstream.connect
import java.io.File
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

const val STORE: String = "conformance"

/** Everything that belongs to one run of one scenario. */
class World(
    url: String,
    private val directory: File,
    scenario: Scenario,
    val place: Place?,
) {
    val names: Names = Names()
    val connections: MutableMap<String, Connection> = mutableMapOf()
    val stores: MutableMap<String, Store> = mutableMapOf()
    val watches: MutableMap<String, Watching> = mutableMapOf()

    // What a scenario does to its connection, it does in the proxy.
    val url: String = resolve(if ("server" in scenario.needs) "{proxy}" else url)
    private val config = scenario.config

    /** Watches come after the connection they are of, so the last is closed first. */
    private val opened = mutableListOf<AutoCloseable>()

    init {
        place?.urls?.forEach { (name, url) -> names.save(name, url.toByteArray()) }
    }

    /** A URL with this scenario's directory and addresses in place of their names. */
    fun resolve(url: String): String {
        val known = place?.urls.orEmpty() + ("dir" to directory.path)
        return known.entries.fold(url) { resolved, (name, value) -> resolved.replace("{$name}", value) }
    }

    suspend fun connect(url: String, timeout: Duration = 5.seconds): Connection =
        connect(url = url, timeout = timeout, connectTimeout = 5.seconds).also { opened += it }

    /** Connects and opens the scenario's store, both as `main`. */
    suspend fun begin() {
        val connection = connect(url)
        connections["main"] = connection
        stores["main"] = connection.open(STORE, config)
    }

    /** Closes everything and forgets every handle. */
    fun end() {
        while (opened.isNotEmpty()) opened.removeLast().close()
        listOf(connections, stores, watches).forEach { it.clear() }
    }

    /** Destroys all that was stored; everything is closed before. */
    fun destroy() {
        end()
        if (place != null) {
            place.call("delete_stores")
        } else {
            check(directory.deleteRecursively() && directory.mkdir())
        }
    }

    fun keep(name: String, watching: Watching) {
        watching.watch?.let { opened += it }
        watches[name] = watching
    }

    fun store(step: Fields): Store = stores.getValue(step.string("store", "main"))

    fun connection(step: Fields): Connection = connections.getValue(step.string("connection", "main"))

    fun watching(step: Fields): Watching = watches.getValue(names.text(step.string("watch", "watch")))
}

/** Opens a store with a configuration as scenarios write it. */
suspend fun Connection.open(name: String, config: Fields): Store =
    store(
        name,
        storage = config["storage"] as String?,
        maxHistory = config["max_history"] as Int?,
        maxAge = config.time("max_age"),
        maxBytes = (config["max_bytes"] as Number?)?.toLong(),
        numReplicas = config["num_replicas"] as Int?,
        discard = config["discard"] as String?,
        create = config["create"] as Boolean? ?: true,
    )

/** `delete_with_version` as this language writes it. */
fun camelCase(name: String): String = Regex("_([a-z])").replace(name) { it.groupValues[1].uppercase() }
