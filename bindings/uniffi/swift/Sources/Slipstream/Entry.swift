// The record of a key with its value and version.

import Foundation
import SlipstreamUniffi

/// One key with its value and the version of its last write.
///
/// `version` goes to `update` and `deleteWithVersion`; its bytes are the same in every language
/// (rule V3). The value is empty in a tombstone, which only `entry` shows (R3).
public struct Entry: Equatable, Hashable, Sendable {
    /// The key (rules K1, K4).
    public let key: String
    /// The value.
    public let value: Data
    /// The version of the last write, which grows with every write (rules V2, V3).
    public let version: Version
    /// True for a tombstone, which a deletion left and only `entry` shows (rule R3).
    public let deleted: Bool
    /// When the time to live ends, by the clock of the store; nil if it has none (rule R6).
    public let expiresAt: Date?

    init(_ found: SlipstreamUniffi.Entry) {
        key = found.key
        value = found.value
        version = Version(found.version)
        deleted = found.deleted
        expiresAt = found.expiresAt
    }
}
