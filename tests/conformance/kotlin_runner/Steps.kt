// What each step does; those of many operations, compared reads and watches have their own files.

package conformance

import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import slipstream.ConnectionCapabilities
import slipstream.Entry
import slipstream.KvError
import slipstream.Store
import slipstream.Version
import java.util.Arrays
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.DurationUnit
import kotlin.time.TimeSource
import kotlin.time.toDuration

private val POLL = 20.milliseconds
private val OPERATIONS =
    setOf(
        "put",
        "create",
        "update",
        "delete",
        "delete_with_version",
        "purge",
        "get",
        "entry",
        "keys",
        "scan",
    )

/** Runs steps in order; an error says which step it was. */
suspend fun World.run(steps: List<Fields>) {
    steps.forEachIndexed { index, step ->
        try {
            step(step)
        } catch (failed: Throwable) {
            failed.addSuppressed(InStep("in step ${index + 1}: $step"))
            throw failed
        }
    }
}

/** What is in an operation's `error:` place is expected; nothing is answered then. */
class Answered<T>(
    val value: T,
)

/** What a call answers, or nothing where the expected error came. */
suspend fun <T> World.expecting(spec: Any?, call: suspend () -> T): Answered<T>? {
    val answered =
        try {
            Answered(call())
        } catch (error: KvError) {
            if (spec == null) throw error
            checkError(error, spec, names)
            return null
        }
    assertEquals(null, spec, "succeeded")
    return answered
}

/** Makes one operation. */
suspend fun World.call(step: Fields, names: Names): Any? {
    val store = store(step)
    val prefix = if ("prefix" in step) names.text(step["prefix"]) else ""
    return when (step.string("do")) {
        "put" -> store.put(step.key(names), names.bytes(step["value"]), step.time("ttl"))
        "create" -> store.create(step.key(names), names.bytes(step["value"]), step.time("ttl"))
        "update" -> store.update(step, names)
        "delete" -> store.delete(step.key(names))
        "delete_with_version" -> store.deleteWithVersion(step.key(names), names.version(step["version"]))
        "purge" -> store.purge(step.key(names))
        "get" -> store.get(step.key(names))
        "entry" -> store.entry(step.key(names))
        "keys" -> store.keys(prefix)
        else -> store.scan(prefix)
    }
}

private class InStep(
    message: String,
) : Exception(message, null, false, false)

private suspend fun World.step(step: Fields) {
    val kind = step.string("do")
    when (kind) {
        in OPERATIONS -> operation(step)
        "put_many" -> putMany(step)
        "delete_many" -> deleteMany(step)
        "race" -> race(step)
        "increment" -> increment(step)
        "while_overwriting" -> whileOverwriting(step)
        "get_many" -> getMany(step)
        "reads_agree" -> readsAgree(step)
        "info" -> info(step)
        "watch" -> watch(step)
        "updates" -> updates(step)
        "updates_many" -> updatesMany(step)
        "fold" -> fold(step)
        "settle" -> settle(step)
        "synced" -> watching(step).synced()
        "quiet" -> watching(step).quiet()
        "cursor" -> saveCursor(step)
        "close_watch" -> watching(step).watch?.close()
        "ends" -> ends(step)
        "abandon_watches" -> abandonWatches(step)
        "each" -> each(step)
        "eventually" -> eventually(step)
        "during" -> during(step)
        "pause" -> delay(names.text(step["seconds"]).toDouble().toDuration(DurationUnit.SECONDS))
        "rising" -> rising(step)
        "connect" -> connect(step)
        "open" -> open(step)
        "stores" -> assertEquals(step.list("expect"), connection(step).stores())
        "delete_store" -> deleteStore(step)
        "close" -> connection(step).shutdown()
        "reopen" -> end().also { begin() }
        "recreate" -> destroy().also { begin() }
        "healthy" -> assertEquals(step["expect"], connection(step).isHealthy)
        "capabilities" -> capabilities(step)
        "server" -> server(step)
        else -> error("no step $kind")
    }
}

private suspend fun World.operation(step: Fields) {
    val answered =
        expecting(step["error"]) {
            bounded(step.time("within"), "has not ended") { call(step, names) }
        } ?: return
    val answer = answered.value
    if ("expect" in step) checkAnswer(answer, step["expect"], names)
    if ("count" in step) assertEquals(step.number("count"), (answer as List<*>).size)
    if ("deleted" in step) assertEquals(step["deleted"], (answer as Entry).deleted)
    if ("expires_in" in step) checkEnd(answer as Entry, step["expires_in"] as List<*>?)
    if ("expect_version" in step) assertSameBytes(names.token(step["expect_version"]), versionOf(answer))
    if ("as" in step) names.save(step.string("as"), checkNotNull(versionOf(answer)))
}

private suspend fun Store.update(step: Fields, names: Names): Version =
    update(step.key(names), names.bytes(step["value"]), names.version(step["version"]), step.time("ttl"))

private fun Fields.key(names: Names): String = names.text(this["key"])

private suspend fun World.each(step: Fields) {
    for (item in step.list("of")) {
        names.save("item", names.bytes(item))
        try {
            run(step.steps("steps"))
        } catch (failed: Throwable) {
            failed.addSuppressed(InStep("for $item"))
            throw failed
        }
    }
}

private suspend fun World.eventually(step: Fields) {
    val limit = TimeSource.Monotonic.markNow() + checkNotNull(step.time("within"))
    while (true) {
        try {
            return run(step.steps("steps"))
        } catch (failed: AssertionError) {
            if (limit.hasPassedNow()) throw failed
        } catch (failed: KvError) {
            if (limit.hasPassedNow()) throw failed
        }
        delay(POLL)
    }
}

/** Begins a call, runs steps while it waits, and then looks at how it ended. */
private suspend fun World.during(step: Fields) {
    coroutineScope {
        val waiting = async(start = CoroutineStart.UNDISPATCHED) { runCatching { step(step.fields("step")) } }
        run(step.steps("steps"))
        waiting.await().getOrThrow()
    }
}

private fun World.rising(step: Fields) {
    val tokens = step.list("of").map { names.token(it) }
    val rises = tokens.zipWithNext().all { (one, next) -> Arrays.compareUnsigned(one, next) < 0 }
    assertTrue(rises, "${tokens.map { it.toHexString() }} do not rise")
}

private suspend fun World.connect(step: Fields) {
    val to = if ("url" in step) resolve(step.string("url")) else url
    val timeout = step.time("timeout")
    val connection = expecting(step["error"]) { if (timeout == null) connect(to) else connect(to, timeout) }
    if (connection != null) connections[step.string("as", "main")] = connection.value
}

private suspend fun World.open(step: Fields) {
    val named = if ("name" in step) names.text(step["name"]) else STORE
    val config = if ("config" in step) step.fields("config") else Fields(emptyMap())
    val store = expecting(step["error"]) { connection(step).open(named, config) } ?: return
    assertEquals(named, store.value.name)
    stores[step.string("as", "main")] = store.value
}

private suspend fun World.deleteStore(step: Fields) {
    val named = if ("name" in step) names.text(step["name"]) else STORE
    expecting(step["error"]) { connection(step).deleteStore(named) }
}

private fun World.capabilities(step: Fields) {
    val can = connections.getValue("main").capabilities
    val expected = step.fields("expect")
    for (name in expected.names) {
        val getter = ConnectionCapabilities::class.java.getMethod("get" + camelCase("_$name"))
        assertEquals(expected[name], getter(can), name)
    }
}

private fun World.server(step: Fields) {
    val name = names.text(step["call"])
    val answer = checkNotNull(place).call(name, step["with"] ?: emptyMap<String, Any>())
    if ("expect" in step) assertEquals(step["expect"], answer, name)
}
