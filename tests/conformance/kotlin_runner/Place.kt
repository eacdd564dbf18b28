// The servers that scenarios of NATS run on.

package conformance

import java.io.BufferedReader
import java.io.BufferedWriter
import java.io.File
import kotlin.test.assertNotNull
import kotlin.test.assertNull

/** A fresh server with a proxy before it, for one scenario at a time: `tests/kit/place.py`. */
class Place private constructor(
    val urls: Map<String, String>,
) {
    /** Makes a call of `Place` and returns its answer. */
    fun call(name: String, arguments: Any = emptyMap<String, Any>()): Any? = PROGRAM.ask(name, arguments)

    companion object {
        private val PROGRAM by lazy { PlaceProgram() }

        @Suppress("UNCHECKED_CAST")
        fun fresh(): Place = Place(PROGRAM.ask("fresh", emptyMap<String, Any>()) as Map<String, String>)
    }
}

/** The program that has the places, driven by lines of JSON. It ends when this process does. */
private class PlaceProgram {
    private val process =
        ProcessBuilder(
            File(ROOT, ".venv/bin/python").path,
            File(ROOT, "tests/kit/programs/place.py").path,
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val input: BufferedWriter = process.outputWriter()
    private val output: BufferedReader = process.inputReader()

    @Synchronized
    fun ask(call: String, arguments: Any): Any? {
        input.write(JSON.writeValueAsString(mapOf("call" to call, "arguments" to arguments)))
        input.newLine()
        input.flush()
        val line = assertNotNull(output.readLine(), "place.py ended before it answered $call")
        val said = JSON.readValue(line, Map::class.java)
        assertNull(said["error"], "$call: ${said["error"]}")
        return said["answer"]
    }
}
