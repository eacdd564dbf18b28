// The scenario files.

package conformance

import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper
import java.io.File

/** The root of the repository. */
val ROOT: File = File(checkNotNull(System.getProperty("slipstream.root")) { "slipstream.root is not set" })

val JSON = ObjectMapper()

private val YAML = YAMLMapper()
private val DIRECTORY = File(ROOT, "tests/conformance")

/** One scenario of the suite. */
class Scenario(
    private val fields: Fields,
) {
    val title: String = "${fields.string("rule")}: ${fields.string("name")}"
    val needs: List<String> = if ("needs" in fields) fields.list("needs").map { it as String } else emptyList()
    val config: Fields = if ("config" in fields) fields.fields("config") else Fields(emptyMap())
    val steps: List<Fields> = fields.steps("steps")
}

/** Every scenario of every file, in order. */
fun loadScenarios(): List<Scenario> {
    val files = checkNotNull(DIRECTORY.listFiles { file -> file.extension == "yaml" }).sorted()
    return files.flatMap { file -> YAML.readValue(file, List::class.java).map { Scenario(Fields.of(it)) } }
}

/** The backends as `backends.json` has them. */
fun readBackends(): List<Fields> =
    JSON.readValue(File(DIRECTORY, "backends.json"), List::class.java).map { Fields.of(it) }
