// One store: reads, writes, and the opening of watches.

import Foundation
import SlipstreamUniffi

/// One store: reads, writes, compare-and-swap and watches. ``Connection/store`` opens one.
///
/// ```swift
/// var version = try await store.put("node.a", Data("10.0.0.1".utf8))
/// version = try await store.update("node.a", Data("10.0.0.2".utf8), version)
/// ```
public final class Store: Sendable {
    private let native: SlipstreamUniffi.Store

    init(_ native: SlipstreamUniffi.Store) {
        self.native = native
    }

    /// The store's name.
    public var name: String { native.name() }

    /// The live entry of a key, or nil (rule R1). A missing key is never an error.
    ///
    /// - Throws: ``InvalidArgument``, ``NotConnected``, ``Timeout``
    public func get(_ key: String) async throws -> Entry? {
        try await awaiting { try await native.get(key: key) }.map(Entry.init)
    }

    /// What `get` finds for each of these keys, in their order: entries, with nil where there is
    /// none (rule R1). Cheaper than as many calls: a store that can is asked for all of them at
    /// once. Others may write between the reads of two keys.
    ///
    /// - Throws: ``InvalidArgument`` if a key breaks rule K4, and reads nothing then;
    ///   ``NotConnected``, ``Timeout``
    public func getMany(_ keys: [String]) async throws -> [Entry?] {
        try await awaiting { try await native.getMany(keys: keys) }.map { $0.map(Entry.init) }
    }

    /// The raw last record of a key, which may be a tombstone with an empty value and its own
    /// version (rule R3). nil if it was never written, was purged or has expired.
    ///
    /// - Throws: ``InvalidArgument``, ``NotConnected``, ``Timeout``
    public func entry(_ key: String) async throws -> Entry? {
        try await awaiting { try await native.entry(key: key) }.map(Entry.init)
    }

    /// How much the store holds, and its limits as they are (rule R7). In memory and in a file it
    /// costs about what `get` does. On NATS it counts the keys, which costs as much as `keys`.
    ///
    /// - Throws: ``StoreNotFound``, ``NotConnected``, ``Timeout``
    public func info() async throws -> StoreInfo {
        StoreInfo(try await awaiting { try await native.info() })
    }

    /// Every live key with this prefix, sorted by bytes (rule R4). The empty prefix is every key.
    ///
    /// - Throws: ``InvalidArgument``, ``NotConnected``, ``Timeout``
    public func keys(_ prefix: String = "") async throws -> [String] {
        try await awaiting { try await native.keys(prefix: prefix) }
    }

    /// Every live entry whose key has this prefix, sorted by key (rule R4). The empty prefix is
    /// everything.
    ///
    /// - Throws: ``InvalidArgument``, ``NotConnected``, ``Timeout``
    public func scan(_ prefix: String = "") async throws -> [Entry] {
        try await awaiting { try await native.scan(prefix: prefix) }.map(Entry.init)
    }

    /// Writes unconditionally and returns the new version (rule W1). An empty value is a value: reads show it (R2). After `ttl` the key is gone (W5).
    ///
    /// - Throws: ``InvalidArgument``, ``LimitExceeded``, ``NotConnected``, ``Timeout``. After a
    ///   ``Timeout`` the outcome is unknown (W6).
    @discardableResult
    public func put(_ key: String, _ value: Data, ttl: Duration? = nil) async throws -> Version {
        let within = try ttl?.seconds("ttl", "put")
        return Version(
            try await awaiting { try await native.put(key: key, value: value, ttl: within) })
    }

    /// Writes only where there is no live value, and returns the new version (rule W1). After `ttl`
    /// the key is gone (W5).
    ///
    /// - Throws: ``AlreadyExists``, ``InvalidArgument``, ``LimitExceeded``, ``NotConnected``,
    ///   ``Timeout``
    @discardableResult
    public func create(_ key: String, _ value: Data, ttl: Duration? = nil) async throws -> Version {
        let within = try ttl?.seconds("ttl", "create")
        return Version(
            try await awaiting { try await native.create(key: key, value: value, ttl: within) })
    }

    /// Writes only if `version` is the key's current one, and returns the new version (rule W2). It
    /// may come from get, entry, a write or a watch, of any process and language (V3). After `ttl`
    /// the key is gone (W5).
    ///
    /// - Throws: ``RevisionMismatch``, ``InvalidArgument`` also for a version of a wrong shape (V5),
    ///   ``LimitExceeded``, ``NotConnected``, ``Timeout``
    @discardableResult
    public func update(
        _ key: String, _ value: Data, _ version: Version, ttl: Duration? = nil
    ) async throws -> Version {
        let within = try ttl?.seconds("ttl", "update")
        return Version(
            try await awaiting {
                try await native.update(key: key, value: value, version: version.bytes, ttl: within)
            })
    }

    /// Deletes a key, leaving a tombstone; idempotent (rule W3). false where nothing was live, as
    /// far as the backend knows.
    ///
    /// - Throws: ``InvalidArgument``, ``NotConnected``, ``Timeout``
    @discardableResult
    public func delete(_ key: String) async throws -> Bool {
        try await awaiting { try await native.delete(key: key) }
    }

    /// Deletes a key only if `version` is its current one (rules W2, W3).
    ///
    /// - Throws: ``RevisionMismatch``, ``InvalidArgument`` also for a version of a wrong shape (V5),
    ///   ``NotConnected``, ``Timeout``
    @discardableResult
    public func deleteWithVersion(_ key: String, _ version: Version) async throws -> Bool {
        try await awaiting { try await native.deleteWithVersion(key: key, version: version.bytes) }
    }

    /// Drops a key's value and history (rule W4). Purging an absent key is no error.
    ///
    /// - Throws: ``InvalidArgument``, ``NotConnected``, ``Timeout``
    public func purge(_ key: String) async throws {
        try await awaiting { try await native.purge(key: key) }
    }

    /// Watches every key, or those that have one of these prefixes, or exactly these keys: their state
    /// first and then every change (rule S1), or with a cursor only what came after it (S4). Prefixes
    /// and keys together are one watch of all of them, which tells each update once (S6).
    ///
    /// Without any prefixes and keys it is every key; empty `keys` are none, and the watch ends at
    /// once.
    ///
    /// - Throws: ``InvalidArgument`` and ``NotConnected``; the watch itself throws
    ///   ``CursorExpired`` when changes after the cursor can no longer be told (S5), and
    ///   ``NotConnected`` once the connection is closed.
    public func watch(
        _ prefixes: String..., keys: [String]? = nil, cursor: Cursor? = nil
    ) throws -> Watch {
        try open(prefixes.isEmpty ? nil : prefixes, keys, cursor)
    }

    /// ``watch(_:keys:cursor:)`` with the prefixes in an array or another sequence. An empty one is no
    /// key at all: without keys the watch ends at once (rule S6).
    public func watch(
        _ prefixes: some Sequence<String>, keys: [String]? = nil, cursor: Cursor? = nil
    ) throws -> Watch {
        try open(Array(prefixes), keys, cursor)
    }

    private func open(_ prefixes: [String]?, _ keys: [String]?, _ cursor: Cursor?) throws -> Watch {
        Watch(
            try calling {
                try native.watch(prefixes: prefixes, keys: keys, cursor: cursor?.bytes ?? Data())
            })
    }
}
