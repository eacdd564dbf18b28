// The set-up of the thread that calls back from the library.

package slipstream

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import slipstream.ffi.uniffiRustFutureContinuationCallbackImpl

/**
 * Lets the native thread stay known to the Java machine after it has called once. Unless told
 * otherwise JNA makes the thread known and unknown again for every call.
 */
internal fun prepareCallbacks() {
    Native.setCallbackThreadInitializer(uniffiRustFutureContinuationCallbackImpl, STAYING)
}

private val STAYING = CallbackThreadInitializer(true, false, "slipstream")
