// The records of what a store says of itself.

package slipstream

import java.io.Serializable
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import slipstream.ffi.StoreInfo as NativeInfo
import slipstream.ffi.StoreLimits as NativeLimits

/**
 * What a store is, at one moment (rule R7).
 *
 * @property keys how many live keys there are, as `keys` would list
 * @property marks how many removed keys there are of which a mark is still kept
 * @property bytes the bytes that the store counts against its `maxBytes`
 * @property version the version of the last write
 * @property incarnation what tells this store from another one of the same name, where the backend
 *   knows it
 * @property limits its limits, which are those it was made with unless somebody changed them since
 */
public class StoreInfo internal constructor(
    public val keys: Long,
    public val marks: Long,
    public val bytes: Long,
    public val version: Version,
    public val incarnation: ByteArray?,
    public val limits: StoreLimits,
) : Serializable {
    internal constructor(info: NativeInfo) : this(
        info.keys.toLong(),
        info.marks.toLong(),
        info.bytes.toLong(),
        Version(info.version),
        info.incarnation,
        StoreLimits(info.limits),
    )

    override fun toString(): String = "StoreInfo(keys=$keys, marks=$marks, bytes=$bytes, limits=$limits)"
}

/**
 * The limits of a store as they are (rule R7). Null is unlimited.
 *
 * @property storage where the data is kept: "persistent" or "memory"
 * @property maxHistory versions kept of each key
 * @property maxAge how long an entry lives unless it is written again
 * @property maxBytes the size of all keys and values
 * @property numReplicas servers that keep a copy
 * @property discard what a full store does: "new" refuses the write, "old" evicts the oldest
 * @property ttl whether entries can have a time to live
 */
public data class StoreLimits(
    val storage: String,
    val maxHistory: Int,
    val maxAge: Duration?,
    val maxBytes: Long?,
    val numReplicas: Int,
    val discard: String,
    val ttl: Boolean,
) : Serializable {
    internal constructor(limits: NativeLimits) : this(
        limits.storage,
        limits.maxHistory.toInt(),
        limits.maxAge?.toKotlinDuration(),
        limits.maxBytes?.toLong(),
        limits.numReplicas.toInt(),
        limits.discard,
        limits.ttl,
    )
}
