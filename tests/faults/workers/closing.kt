// Closes a connection while writes of every kind are under way, and says what each was told.

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import slipstream.KvError
import slipstream.Store
import slipstream.Version
import slipstream.connect
import kotlin.time.Duration.Companion.seconds

private val TTL = 600.seconds
private val KINDS =
    listOf(
        "put", "put_ttl", "create", "create_ttl", "update", "update_ttl",
        "delete", "delete_with_version", "purge",
    )
private val FIRST = KINDS.drop(4)
private val NUMBER = Regex(""""(\w+)": ([0-9.e-]+)""")

private suspend fun write(store: Store, kind: String, key: String, version: Version) {
    val value = key.toByteArray()
    when (kind) {
        "put" -> store.put(key, value)
        "put_ttl" -> store.put(key, value, ttl = TTL)
        "create" -> store.create(key, value)
        "create_ttl" -> store.create(key, value, ttl = TTL)
        "update" -> store.update(key, value, version)
        "update_ttl" -> store.update(key, value, version, ttl = TTL)
        "delete" -> store.delete(key)
        "delete_with_version" -> store.deleteWithVersion(key, version)
        else -> store.purge(key)
    }
}

private suspend fun told(kind: String, key: String, write: suspend () -> Unit): String {
    val end =
        try {
            write()
            """"code": null, "unknown": null"""
        } catch (error: KvError) {
            """"code": "${error.code}", "unknown": ${error.outcomeUnknown}"""
        }
    return """{"kind": "$kind", "key": "$key", $end}"""
}

fun main(arguments: Array<String>) =
    runBlocking(Dispatchers.Default) {
        val (_, url, timeout) = arguments
        while (true) {
            val line = readlnOrNull() ?: break
            val order = NUMBER.findAll(line).associate { it.groupValues[1] to it.groupValues[2].toDouble() }
            val connection = connect(url, timeout = timeout.toDouble().seconds)
            val store = connection.store("closing")
            val writes =
                List(order.getValue("writes").toInt()) { i ->
                    KINDS[i % KINDS.size] to "${order.getValue("round").toInt()}.$i"
                }
            val versions =
                writes.filter { it.first in FIRST }.associate { it.second to store.put(it.second, "-".toByteArray()) }
            println("\"ready\"")
            readln()
            val call = { (kind, key): Pair<String, String> ->
                async { told(kind, key) { write(store, kind, key, versions[key] ?: Version(ByteArray(0))) } }
            }
            val early = writes.size - order.getValue("late").toInt()
            val first = writes.take(early).map(call)
            delay(order.getValue("after").seconds)
            val closing = async { connection.shutdown() }
            val calls = first + writes.drop(early).map(call)
            closing.await()
            println(calls.awaitAll().joinToString(prefix = "[", postfix = "]"))
        }
    }
