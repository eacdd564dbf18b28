// The memory of the structures that the generated code makes for a call.

package slipstream

import com.sun.jna.Memory

/**
 * Native memory for the small structures of a call, of which the generated code makes about ten.
 *
 * JNA gives each one memory and a cleaner of its own, which costs more than the call: it is entered
 * in a map of the whole process and a list behind one lock, and freed by one thread. A slice of a
 * block needs none of that. The block is freed when its last slice was collected.
 */
internal object StructureMemory {
    private const val BLOCK = 64L * 1024
    private const val ALIGNMENT = 16

    private class Block {
        private val memory = Memory(BLOCK).apply { clear() }
        private var used = 0L

        fun slice(size: Int): Memory? {
            val taken = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT
            if (used + taken > BLOCK) return null
            return (memory.share(used, size.toLong()) as Memory).also { used += taken }
        }
    }

    private val current = ThreadLocal.withInitial { Block() }

    /** Zeroed memory that is freed when nobody refers to it. */
    fun slice(size: Int): Memory = current.get().slice(size) ?: next(size)

    private fun next(size: Int): Memory = Block().also { current.set(it) }.slice(size) ?: Memory(size.toLong()).apply { clear() }
}
