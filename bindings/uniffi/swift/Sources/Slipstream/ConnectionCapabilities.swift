// The record of what the stores of a connection can do.

import SlipstreamUniffi

/// What the stores of a connection can do. What is absent fails with a clear error.
public struct ConnectionCapabilities: Equatable, Hashable, Sendable {
    /// Watches deliver changes as they happen.
    public let streamingWatch: Bool
    /// Watches can be limited to prefixes.
    public let prefixWatch: Bool
    /// Entries can have a time to live.
    public let ttl: Bool
    /// Keys can be purged.
    public let purge: Bool
    /// Writes can be made conditional on a version.
    public let cas: Bool
    /// Several keys can be written as one.
    public let transactions: Bool
    /// Versions order the writes of a whole store, not only those of one key.
    public let globalOrdering: Bool
    /// The largest value, in bytes; 0 is no limit.
    public let maxValueSize: UInt64

    init(_ told: SlipstreamUniffi.ConnectionCapabilities) {
        streamingWatch = told.streamingWatch
        prefixWatch = told.prefixWatch
        ttl = told.ttl
        purge = told.purge
        cas = told.cas
        transactions = told.transactions
        globalOrdering = told.globalOrdering
        maxValueSize = told.maxValueSize
    }
}
