import Foundation
import SlipstreamUniffi

/// One key with its value and the version of its last write.
///
/// `version` goes to `update` and `deleteWithVersion`; its bytes are the same in every language
/// (rule V3). The value is empty in a tombstone, which only `entry` shows (R2, R3).
public struct Entry: Equatable, Hashable, Sendable {
    /// The key (rule K1).
    public let key: String
    /// The value.
    public let value: Data
    /// The version of the last write, opaque bytes that grow with every write (rules V2, V3).
    public let version: Data

    init(_ found: SlipstreamUniffi.Entry) {
        key = found.key
        value = found.value
        version = found.version
    }
}
