// The record of what the stores of a connection can do.

package slipstream

import slipstream.ffi.ConnectionCapabilities as NativeCapabilities

/**
 * What the stores of a connection can do. What is absent fails with a clear error.
 *
 * @property streamingWatch watches deliver changes as they happen
 * @property prefixWatch watches can be limited to prefixes
 * @property ttl entries can have a time to live
 * @property purge keys can be purged
 * @property cas writes can be made conditional on a version
 * @property transactions several keys can be written as one
 * @property globalOrdering versions order the writes of a whole store, not only those of one key
 * @property maxValueSize the largest value, in bytes; 0 is no limit
 */
public data class ConnectionCapabilities(
    val streamingWatch: Boolean,
    val prefixWatch: Boolean,
    val ttl: Boolean,
    val purge: Boolean,
    val cas: Boolean,
    val transactions: Boolean,
    val globalOrdering: Boolean,
    val maxValueSize: Long,
) {
    internal constructor(can: NativeCapabilities) : this(
        can.streamingWatch,
        can.prefixWatch,
        can.ttl,
        can.purge,
        can.cas,
        can.transactions,
        can.globalOrdering,
        can.maxValueSize.toLong(),
    )
}
