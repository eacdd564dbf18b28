// The records of what a store says of itself.

import Foundation
import SlipstreamUniffi

/// What a store is, at one moment (rule R7).
public struct StoreInfo: Equatable, Hashable, Sendable {
    /// How many live keys there are, as `keys` would list.
    public let keys: UInt64
    /// How many removed keys there are of which a mark is still kept.
    public let marks: UInt64
    /// The bytes that the store counts against its `maxBytes`.
    public let bytes: UInt64
    /// The version of the last write.
    public let version: Version
    /// What tells this store from another one of the same name, where the backend knows it.
    public let incarnation: Data?
    /// Its limits, which are those it was made with unless somebody changed them since.
    public let limits: StoreLimits

    init(_ told: SlipstreamUniffi.StoreInfo) {
        keys = told.keys
        marks = told.marks
        bytes = told.bytes
        version = Version(told.version)
        incarnation = told.incarnation
        limits = StoreLimits(told.limits)
    }
}

/// The limits of a store as they are (rule R7). `nil` is unlimited.
public struct StoreLimits: Equatable, Hashable, Sendable {
    /// Where the data is kept: "persistent" or "memory".
    public let storage: String
    /// Versions kept of each key.
    public let maxHistory: UInt32
    /// How long an entry lives unless it is written again.
    public let maxAge: Duration?
    /// The size of all keys and values.
    public let maxBytes: UInt64?
    /// Servers that keep a copy.
    public let numReplicas: UInt32
    /// What a full store does: "new" refuses the write, "old" evicts the oldest.
    public let discard: String
    /// Whether entries can have a time to live.
    public let ttl: Bool

    init(_ told: SlipstreamUniffi.StoreLimits) {
        storage = told.storage
        maxHistory = told.maxHistory
        maxAge = told.maxAge.map { .seconds($0) }
        maxBytes = told.maxBytes
        numReplicas = told.numReplicas
        discard = told.discard
        ttl = told.ttl
    }
}
