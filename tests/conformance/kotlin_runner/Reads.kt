// Steps of reads that are compared with each other.

package conformance

import slipstream.Entry
import slipstream.StoreLimits
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull

/** Reads many keys at once, and each by itself, which must tell the same (R1). */
suspend fun World.getMany(step: Fields) {
    val reader = store(step)
    val named =
        when {
            "many" in step -> manyKeys(step.fields("many"))
            "keys" in step -> step.list("keys").map { names.text(it) }
            else -> emptyList()
        }
    val found = expecting(step["error"]) { reader.getMany(named) }?.value ?: return
    assertEquals(named.size, found.size)
    for ((key, entry) in named.zip(found)) assertSame(reader.get(key), entry)
    if ("expect" in step) {
        val expected = step.list("expect").map { text -> text?.let { names.bytes(it).toHexString() } }
        assertEquals(expected, found.map { it?.value?.toHexString() })
    }
    if ("count" in step) assertEquals(step.number("count"), found.filterNotNull().size)
}

/** That `keys`, `scan`, `get`, `getMany` and `entry` tell the same (R4). */
suspend fun World.readsAgree(step: Fields) {
    val (reader, prefix) = store(step) to step.string("prefix", "")
    val entries = reader.scan(prefix)
    val keys = entries.map { it.key }
    assertEquals(keys.distinct().sorted(), keys)
    assertEquals(keys, reader.keys(prefix))
    val many = reader.getMany(keys)
    assertEquals(keys.size, many.size)
    entries.forEachIndexed { index, entry ->
        for (other in listOf(many[index], reader.get(entry.key), reader.entry(entry.key))) assertSame(entry, other)
    }
}

private fun assertSame(expected: Entry?, actual: Entry?) {
    if (expected == null) return assertNull(actual)
    assertNotNull(actual, "${expected.key} was not found")
    assertEquals(expected.key, actual.key)
    assertSameBytes(expected.value, actual.value, expected.key)
    assertEquals(expected.version, actual.version, expected.key)
}

/** Checks what a store says of itself. */
suspend fun World.info(step: Fields) {
    val store = stores.getValue(step.string("store", "main"))
    val info = expecting(step["error"]) { store.info() }?.value ?: return
    val expected = step.fields("expect")
    for (name in expected.names) {
        when (name) {
            "version" -> assertSameBytes(names.token(expected[name]), info.version.bytes)
            "limits" -> checkLimits(info.limits, expected.fields(name))
            else -> assertEquals((expected[name] as Number).toLong(), told(info, name), name)
        }
    }
}

private fun checkLimits(limits: StoreLimits, expected: Fields) {
    for (name in expected.names) {
        // The getter of a duration has a name that only Kotlin knows.
        val found = if (name == "max_age") limits.maxAge else told(limits, name)
        val plain = if (found is Number) found.toLong() else found
        val value = if (name == "max_age") expected.time(name) else expected[name]
        assertEquals(if (value is Number) value.toLong() else value, plain, name)
    }
}

private fun told(record: Any, name: String): Any? = record.javaClass.getMethod("get" + camelCase("_$name"))(record)
