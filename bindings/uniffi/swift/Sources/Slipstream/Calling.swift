// Calls of the library, with its errors converted to those of this package.

import SlipstreamUniffi

/// Makes a call of the library, and throws the error of its kind where it fails.
func calling<T>(_ call: () throws -> T) throws -> T {
    do {
        return try call()
    } catch let error as SlipstreamUniffi.KvError {
        throw translated(error)
    }
}

/// The same for a call that waits.
func awaiting<T>(_ call: () async throws -> T) async throws -> T {
    do {
        return try await call()
    } catch let error as SlipstreamUniffi.KvError {
        throw translated(error)
    }
}

private func translated(_ error: SlipstreamUniffi.KvError) -> KvError {
    switch error {
    case let .NotConnected(failure): return NotConnected(failure)
    case let .ConnectionFailed(failure): return ConnectionFailed(failure)
    case let .KeyNotFound(failure): return KeyNotFound(failure)
    case let .AlreadyExists(failure): return AlreadyExists(failure)
    case let .RevisionMismatch(failure): return RevisionMismatch(failure)
    case let .DeserializationError(failure): return DeserializationError(failure)
    case let .SerializationError(failure): return SerializationError(failure)
    case let .WatchError(failure): return WatchError(failure)
    case let .OperationFailed(failure): return OperationFailed(failure)
    case let .Timeout(failure): return Timeout(failure)
    case let .CursorExpired(failure): return CursorExpired(failure)
    case let .InvalidArgument(failure): return InvalidArgument(failure)
    case let .LimitExceeded(failure): return LimitExceeded(failure)
    case let .PermissionDenied(failure): return PermissionDenied(failure)
    case let .StoreNotFound(failure): return StoreNotFound(failure)
    }
}
