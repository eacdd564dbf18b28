// The fields of a scenario's parts, as YAML has them.

package conformance

import kotlin.time.Duration
import kotlin.time.DurationUnit
import kotlin.time.toDuration

/** A part of a scenario that has named fields, such as a step. */
class Fields(
    private val values: Map<String, Any?>,
) {
    val names: Set<String> get() = values.keys

    operator fun contains(name: String): Boolean = name in values

    operator fun get(name: String): Any? = values[name]

    /** A field that must be there. */
    fun given(name: String): Any = checkNotNull(values[name]) { "$name is missing in $this" }

    fun string(name: String): String = given(name) as String

    fun string(name: String, unless: String): String = values[name] as String? ?: unless

    fun number(name: String): Int = (given(name) as Number).toInt()

    fun flag(name: String): Boolean = values[name] as Boolean? ?: false

    fun time(name: String): Duration? = (values[name] as Number?)?.toDouble()?.toDuration(DurationUnit.SECONDS)

    fun list(name: String): List<Any?> = given(name) as List<Any?>

    fun fields(name: String): Fields = of(given(name))

    fun steps(name: String): List<Fields> = list(name).map { of(it) }

    override fun toString(): String = values.toString()

    companion object {
        @Suppress("UNCHECKED_CAST")
        fun of(value: Any?): Fields = Fields(value as Map<String, Any?>)
    }
}
