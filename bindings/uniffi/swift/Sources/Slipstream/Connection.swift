// An open connection.

import SlipstreamUniffi

/// An open connection: a way to stores. `connect` opens one.
///
/// ```swift
/// let connection = try await connect("memory:")
/// let store = try await connection.store("nodes")
/// ```
public final class Connection: Sendable {
    private let native: Session

    init(_ native: Session) {
        self.native = native
    }

    /// Where this connection leads, without a password or token.
    public var url: String { native.url() }

    /// Whether the connection works right now (rule L1).
    public var isHealthy: Bool { native.isHealthy() }

    /// What stores on this connection can do.
    public var capabilities: ConnectionCapabilities {
        ConnectionCapabilities(native.capabilities())
    }

    /// Opens the store of this name, creating it if it is missing (rule L2).
    ///
    /// What is left out is unlimited, and one for history and replicas. An existing store is opened
    /// as it is.
    ///
    /// - Parameters:
    ///   - name: 1 to 64 of A-Z a-z 0-9 - _ (rule K3)
    ///   - storage: "persistent" or "memory"
    ///   - maxHistory: versions kept of each key, 1 to 64
    ///   - maxAge: how long an entry lives unless written again
    ///   - maxBytes: the size of all keys and values
    ///   - numReplicas: servers that keep a copy, 1 to 5
    ///   - discard: what a full store does: "new" refuses the write, "old" evicts the oldest
    ///   - create: whether a missing store is made
    /// - Throws: ``InvalidArgument`` before anything is created, ``StoreNotFound`` if it is missing
    ///   and `create` is false (R7), ``NotConnected``, ``Timeout``
    public func store(
        _ name: String,
        storage: String? = nil,
        maxHistory: UInt32? = nil,
        maxAge: Duration? = nil,
        maxBytes: Int64? = nil,
        numReplicas: UInt32? = nil,
        discard: String? = nil,
        create: Bool = true
    ) async throws -> Store {
        let options = StoreOptions(
            storage: storage, maxHistory: maxHistory,
            maxAge: try maxAge?.seconds("max_age", "store"), maxBytes: maxBytes,
            numReplicas: numReplicas, discard: discard,
            create: create)
        return Store(try await awaiting { try await native.store(name: name, options: options) })
    }

    /// The names of the stores that there are, sorted (rule R7).
    ///
    /// - Throws: ``NotConnected``, ``Timeout``
    public func stores() async throws -> [String] {
        try await awaiting { try await native.stores() }
    }

    /// Deletes the store of this name with all that is in it (rule R7).
    ///
    /// Its open watches throw ``WatchError``, calls of its handles ``StoreNotFound``, and its
    /// cursors ``CursorExpired``, also once a store of this name is made anew: open that one to use
    /// it.
    ///
    /// ```swift
    /// try await connection.deleteStore("nodes")
    /// ```
    ///
    /// - Throws: ``StoreNotFound`` if there is none, ``InvalidArgument``, ``NotConnected``,
    ///   ``PermissionDenied``, ``Timeout``
    public func deleteStore(_ name: String) async throws {
        try await awaiting { try await native.deleteStore(name: name) }
    }

    /// Closes the connection: open watches end and every handle of it throws ``NotConnected`` (rule
    /// L5). Twice is fine.
    public func close() async throws {
        try await awaiting { try await native.shutdown() }
    }
}
