// The suite as JUnit runs it: a test for each scenario and backend.

package conformance

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import kotlin.io.path.createTempDirectory
import kotlin.time.Duration.Companion.seconds

private val SCENARIO_LIMIT = 120.seconds

/** Runs the scenarios through the Kotlin package on every backend. */
class ConformanceTest {
    @TestFactory
    fun scenarios(): List<DynamicTest> =
        loadBackends().flatMap { backend ->
            loadScenarios().filter { backend.canTell(it) }.map { scenario ->
                DynamicTest.dynamicTest("${backend.name} ${scenario.title}") { tell(backend, scenario) }
            }
        }

    private fun tell(backend: Backend, scenario: Scenario) {
        val directory = createTempDirectory("conformance-").toFile()
        val world = World(backend.freshUrl(), directory, scenario, backend.freshPlace())
        try {
            runBlocking(Dispatchers.Default) {
                withTimeout(SCENARIO_LIMIT) {
                    world.begin()
                    world.run(scenario.steps)
                }
            }
        } finally {
            world.end()
            directory.deleteRecursively()
        }
    }
}
