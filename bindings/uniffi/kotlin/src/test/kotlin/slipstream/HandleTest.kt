// Tests that handles are not serialised, and that records are.

package slipstream

import org.junit.jupiter.api.Test
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.NotSerializableException
import java.io.ObjectInputStream
import java.io.ObjectOutputStream
import java.lang.reflect.Modifier
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue

private val VALUE = "1".toByteArray()

/** X5: handles belong to their process and are not serialised; what is data is. */
class HandleTest {
    @Test
    fun x5HandlesAreNotSerialised() =
        onStore { store ->
            connect("memory:").use { connection ->
                store.watch("").use { watch ->
                    for (handle in listOf(connection, store, watch, watch.updates)) {
                        assertFailsWith<NotSerializableException> { written(handle) }
                        assertFailsWith<NotSerializableException> { written(arrayListOf(handle)) }
                        assertFalse(handle is Cloneable)
                    }
                    for (handle in listOf(connection, store, watch)) {
                        val native = handle.javaClass.declaredFields.single { it.type.name.startsWith("slipstream.ffi.") }
                        assertTrue(Modifier.isTransient(native.modifiers), "$native would be copied by its field")
                    }
                }
            }
        }

    @Test
    fun x5WhatIsDataIsSerialised() =
        onStore { store ->
            store.put("a", VALUE)
            val entry = checkNotNull(store.get("a"))
            assertEquals(entry, again(entry))
            store.watch("").use { watch ->
                val put = assertIs<Put>(watch.next())
                store.delete("a")
                val delete = assertIs<Delete>(watch.next())
                store.purge("a")
                val purge = assertIs<Purge>(watch.next())
                assertContentEquals(put.value, again(put).value)
                for (update in listOf(put, delete, purge)) {
                    val told = again(update)
                    assertEquals(update.toString(), told.toString())
                    assertEquals(update.version, told.version)
                    assertEquals(update.cursor, told.cursor)
                }
            }
            store.put("a", VALUE)
            val error = assertFailsWith<AlreadyExists> { store.create("a", VALUE) }
            val told = again(error)
            assertEquals(fields(error), fields(told))
        }

    private fun fields(error: KvError): List<Any?> =
        with(error) { listOf(message, code, retryable, key, store, operation, outcomeUnknown) }

    private fun written(value: Any): ByteArray {
        val bytes = ByteArrayOutputStream()
        ObjectOutputStream(bytes).use { it.writeObject(value) }
        return bytes.toByteArray()
    }

    private inline fun <reified T : Any> again(value: T): T =
        assertIs<T>(ObjectInputStream(ByteArrayInputStream(written(value))).readObject())
}
