// Waiting that ends.

package conformance

import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.withTimeout
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** How long is waited for what must come. */
val PATIENCE: Duration = 10.seconds

/** What a call answers, within a time where one is given. */
suspend fun <T> bounded(within: Duration?, message: String, call: suspend () -> T): T {
    if (within == null) return call()
    try {
        return withTimeout(within) { call() }
    } catch (late: TimeoutCancellationException) {
        throw AssertionError("$message within $within", late)
    }
}
