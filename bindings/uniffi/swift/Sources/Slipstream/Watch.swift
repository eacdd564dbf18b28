// A watch, read as an asynchronous sequence.

import Foundation
import SlipstreamUniffi

/// A watch: an asynchronous sequence of updates. ``Store/watch`` opens one.
///
/// Left by `break` it may be iterated again and goes on where it stood, until it is closed or
/// dropped. A task that is cancelled while it reads closes the watch. One reader at a time: a
/// second one throws ``OperationFailed``.
///
/// ```swift
/// for try await update in try store.watch("node.") {
///     print(update.key)
/// }
/// ```
public final class Watch: AsyncSequence, @unchecked Sendable {
    public typealias Element = Update

    private static let atOnce: UInt32 = 1024

    private let native: SlipstreamUniffi.Watch
    private let lock = NSLock()
    private var ahead: ArraySlice<Update> = []
    /// Where the reader stands while there are updates ahead.
    private var position = Cursor(Data())
    private var closedAt: Cursor?
    /// Held by whoever reads.
    private var isRead = false

    init(_ native: SlipstreamUniffi.Watch) {
        self.native = native
    }

    /// The updates one by one.
    public func makeAsyncIterator() -> Updates {
        Updates(watch: self)
    }

    /// The same updates as arrays: whatever is there at once, and at least one.
    public var batches: Batches { Batches(watch: self) }

    /// Waits until the first state is complete (rule S3), also for an empty store: every update of
    /// it was handed out, or waits in memory to be handed out next. With a cursor: until the watch
    /// has caught up with the store.
    ///
    /// - Throws: ``CursorExpired``, ``NotConnected``, ``WatchError`` if the watch is closed first
    public func synced() async throws {
        try await awaiting { try await native.synced() }
    }

    /// Whether the first state is complete (rule S3).
    public var isSynced: Bool { native.isSynced() }

    /// The position after the last update handed out (rule S4). Saved after an
    /// update is handled and given to ``Store/watch``, nothing is lost and nothing that was handled
    /// is repeated.
    public var cursor: Cursor { lock.withLock { standing() } }

    /// Closes the watch at once, and frees what is behind it (rule S9). Iteration ends. Twice is
    /// fine.
    public func close() {
        lock.withLock {
            closedAt = standing()
            ahead = []
        }
        native.cancel()
    }

    func next() async throws -> Update? {
        try takeTurn()
        defer { endTurn() }
        guard try await filled() else { return nil }
        return lock.withLock {
            let update = ahead.popFirst()
            position = update?.cursor ?? position
            return update
        }
    }

    func nextBatch() async throws -> [Update]? {
        try takeTurn()
        defer { endTurn() }
        guard try await filled() else { return nil }
        return lock.withLock {
            defer { ahead = [] }
            return Array(ahead)
        }
    }

    /// Refuses a second reader before it touches anything: cancelled, it would else close the watch
    /// of the first.
    private func takeTurn() throws {
        let refused = lock.withLock {
            defer { isRead = true }
            return isRead
        }
        if refused {
            let why = "this watch is being read already; open one watch for each reader"
            throw OperationFailed(
                Failure(
                    code: "OperationFailed", message: "watch: operation failed: \(why)",
                    operation: "watch", store: nil, key: nil, retryable: false,
                    outcomeUnknown: false))
        }
    }

    private func endTurn() {
        lock.withLock { isRead = false }
    }

    private func standing() -> Cursor {
        closedAt ?? (ahead.isEmpty ? Cursor(native.cursor()) : position)
    }

    /// Waits until there are updates ahead; false once the watch has ended.
    private func filled() async throws -> Bool {
        if lock.withLock({ !ahead.isEmpty }) { return true }
        _ = try await withTaskCancellationHandler {
            try await awaiting { try await native.fill() }
        } onCancel: {
            close()
        }
        return lock.withLock {
            if closedAt != nil { return false }
            position = Cursor(native.cursor())
            ahead = native.take(max: Self.atOnce).map(Update.init)[...]
            return !ahead.isEmpty
        }
    }
}

/// Iterates over a watch, one update after the other.
public struct Updates: AsyncIteratorProtocol {
    let watch: Watch

    /// The next update; nil once the watch has ended.
    public func next() async throws -> Update? {
        try await watch.next()
    }
}

/// The updates of a watch, as arrays of those that are there at once.
public struct Batches: AsyncSequence, AsyncIteratorProtocol {
    public typealias Element = [Update]

    let watch: Watch

    /// The arrays one by one.
    public func makeAsyncIterator() -> Batches { self }

    /// The next array, which has at least one update; nil once the watch has ended.
    public func next() async throws -> [Update]? {
        try await watch.nextBatch()
    }
}
