// The backends that scenarios run on.

package conformance

import java.util.concurrent.atomic.AtomicInteger

private val COUNT = AtomicInteger()

/** How a scenario gets a fresh place, and what the backend has. */
class Backend(
    fields: Fields,
) {
    val name: String = fields.string("name")
    private val url = fields.string("url")
    private val has = fields.list("has").toSet()

    fun canTell(scenario: Scenario): Boolean = has.containsAll(scenario.needs)

    /** A URL that no other scenario uses, once the world has filled it in. */
    fun freshUrl(): String = url.replace("{name}", "scenario-${COUNT.incrementAndGet()}")

    /** A server for one scenario, where the backend has one. */
    fun freshPlace(): Place? = if ("server" in has) Place.fresh() else null
}

/** The backends named in SLIPSTREAM_BACKENDS, or all. */
fun loadBackends(): List<Backend> {
    val known = readBackends().map { Backend(it) }.associateBy { it.name }
    val chosen = System.getenv("SLIPSTREAM_BACKENDS")?.split(",") ?: known.keys
    return chosen.map { checkNotNull(known[it]) { "backends.json has no backend $it" } }
}
