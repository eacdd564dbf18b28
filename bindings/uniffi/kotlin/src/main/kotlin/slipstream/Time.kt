// Durations, checked and converted to those of the library.

package slipstream

import slipstream.ffi.Failure
import kotlin.time.Duration
import kotlin.time.toJavaDuration

/** A time as the native side takes it, which has none below 0. */
internal fun Duration.toNative(
    option: String,
    operation: String,
    store: String? = null,
    key: String? = null,
): java.time.Duration {
    if (isNegative()) {
        val message = "$operation: invalid argument: $option $this is not a time above 0"
        throw InvalidArgument(Failure("InvalidArgument", message, operation, store, key, false, false))
    }
    return toJavaDuration()
}
