// The records of what a watch tells: a put, a delete, a purge.

import Foundation
import SlipstreamUniffi

/// What a watch tells.
///
/// ```swift
/// switch update {
/// case .put(let put): table[put.key] = put.value
/// case .delete, .purge: table[update.key] = nil
/// }
/// ```
public enum Update: Equatable, Hashable, Sendable {
    /// The key has a new value.
    case put(Put)
    /// The key was deleted.
    case delete(Delete)
    /// The key was purged with its history, or its time to live ended (rules W4, W5).
    case purge(Purge)

    init(_ told: SlipstreamUniffi.Update) {
        switch told.kind {
        case .put: self = .put(Put(told))
        case .delete: self = .delete(Delete(told))
        case .purged: self = .purge(Purge(told, .purged))
        case .expired: self = .purge(Purge(told, .expired))
        case .removed: self = .purge(Purge(told, nil))
        }
    }

    /// The key that changed.
    public var key: String {
        switch self {
        case .put(let put): return put.key
        case .delete(let delete): return delete.key
        case .purge(let purge): return purge.key
        }
    }

    /// The position after this update: what to resume from once it is handled (rule S4).
    public var cursor: Cursor {
        switch self {
        case .put(let put): return put.cursor
        case .delete(let delete): return delete.cursor
        case .purge(let purge): return purge.cursor
        }
    }
}

/// A watched key has a new value.
public struct Put: Equatable, Hashable, Sendable {
    /// The key that has the value.
    public let key: String
    /// The new value.
    public let value: Data
    /// The version of the change.
    public let version: Version
    /// The position after this update: what to resume from once it is handled (rule S4).
    public let cursor: Cursor

    init(_ told: SlipstreamUniffi.Update) {
        key = told.key
        value = told.value
        version = Version(told.version)
        cursor = Cursor(told.cursor)
    }
}

/// A watched key was deleted.
public struct Delete: Equatable, Hashable, Sendable {
    /// The key that is gone.
    public let key: String
    /// The version of the removal.
    public let version: Version
    /// The position after this update: what to resume from once it is handled (rule S4).
    public let cursor: Cursor

    init(_ told: SlipstreamUniffi.Update) {
        key = told.key
        version = Version(told.version)
        cursor = Cursor(told.cursor)
    }
}

/// Why a key is gone (rule W5).
public enum PurgeReason: Sendable {
    /// Somebody purged it.
    case purged
    /// Its time to live ended.
    case expired
}

/// A watched key was purged with its history, or its time to live ended (rules W4, W5).
public struct Purge: Equatable, Hashable, Sendable {
    /// The key that is gone.
    public let key: String
    /// The version of the removal.
    public let version: Version
    /// The position after this update: what to resume from once it is handled (rule S4).
    public let cursor: Cursor
    /// Why the key is gone; nil where the store does not say (rule W5).
    public let reason: PurgeReason?

    init(_ told: SlipstreamUniffi.Update, _ why: PurgeReason?) {
        key = told.key
        version = Version(told.version)
        cursor = Cursor(told.cursor)
        reason = why
    }
}
