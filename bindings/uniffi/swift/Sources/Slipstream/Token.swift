// The types of the opaque bytes that a store and a watch hand out: versions and cursors.

import Foundation

/// The version of one write: bytes to compare and to pass on, never to look into (rule V3).
///
/// Writes and entries hand it out, ``Store/update(_:_:_:ttl:)`` and ``Store/deleteWithVersion(_:_:)``
/// take it. It is another type than ``Cursor``, so that the compiler finds where one is passed for
/// the other (rule V6).
///
/// ```swift
/// let saved = Version(try Data(contentsOf: file))
/// try await store.update("node.a", Data("10.0.0.2".utf8), saved)
/// ```
public struct Version: Equatable, Hashable, Sendable {
    /// What to save; the same in every process and language.
    public let bytes: Data

    /// The version with these bytes.
    public init(_ bytes: Data) {
        self.bytes = bytes
    }
}

/// The place in a store that a watch has reached: bytes to save, never to look into (rule V4).
///
/// Watches and updates hand it out, ``Store/watch(_:keys:cursor:)`` takes it and goes on behind it.
///
/// ```swift
/// let saved = Cursor(try Data(contentsOf: file))
/// for try await update in try store.watch("node.", cursor: saved) {
///     try update.cursor.bytes.write(to: file)
/// }
/// ```
public struct Cursor: Equatable, Hashable, Sendable {
    /// What to save; the same in every process and language.
    public let bytes: Data

    /// The cursor with these bytes.
    public init(_ bytes: Data) {
        self.bytes = bytes
    }
}
