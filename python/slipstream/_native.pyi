"""The native half of slipstream, as type checkers and editors see it.

Made by bindings/python/stub.py: signatures and docstrings are changed where it takes them from.
"""

from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterable, Iterator
from datetime import datetime, timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias, final

from typing_extensions import Buffer

from slipstream.capabilities import ConnectionCapabilities
from slipstream.info import StoreInfo
from slipstream.tokens import Cursor, Version

__all__ = [
    "Batches",
    "Connection",
    "Delete",
    "Entry",
    "Purge",
    "Put",
    "Store",
    "SyncBatches",
    "SyncConnection",
    "SyncStore",
    "SyncWatch",
    "Watch",
    "__version__",
    "connect",
    "live",
]
__version__: str
_Duration: TypeAlias = float | timedelta
_Storage: TypeAlias = Literal["persistent", "memory"]
_Discard: TypeAlias = Literal["new", "old"]
_PurgeReason: TypeAlias = Literal["purged", "expired"]
_Update: TypeAlias = Put | Delete | Purge

@final
class Entry:
    """One key with its value and the version of its last write.

    Frozen, comparable, hashable and picklable. ``version`` goes to ``update`` and
    ``delete_with_version``; its bytes are the same in every language (rule V3). ``deleted`` is
    True for a tombstone, which only ``entry`` shows (rule R3). ``expires_at`` is when the time to
    live ends, None if there is none (rule R6).

    >>> entry = await store.get("node.a")
    >>> entry.key, entry.value
    ('node.a', b'10.0.0.1')
    """

    __match_args__ = ("key", "value", "version", "deleted", "expires_at")
    def __new__(
        cls,
        key: str,
        value: bytes,
        version: Version,
        deleted: bool = False,
        expires_at: datetime | None = None,
    ) -> Self: ...
    @property
    def key(self) -> str:
        """The key (rules K1, K4)."""
    @property
    def value(self) -> bytes:
        """The value."""
    @property
    def version(self) -> Version:
        """The version of the last write, opaque bytes that grow with every write (rules V2, V3)."""
    @property
    def deleted(self) -> bool:
        """True for a tombstone, which a deletion left and only ``entry`` shows (rule R3)."""
    @property
    def expires_at(self) -> datetime | None:
        """When the time to live ends, by the clock of the store; None if it has none (rule R6)."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Put:
    """A watched key has a new value.

    ``cursor`` is where a watch goes on once this update is handled (rule S4). It does not take
    part in comparisons.

    >>> match update:
    ...     case slipstream.Put(key, value): table[key] = value
    ...     case slipstream.Delete(key) | slipstream.Purge(key): table.pop(key, None)
    """

    __match_args__ = ("key", "value", "version", "cursor")
    def __new__(
        cls, key: str, value: bytes, version: Version, cursor: Cursor | None = None
    ) -> Self: ...
    @property
    def key(self) -> str:
        """The key that has the value."""
    @property
    def value(self) -> bytes:
        """The new value."""
    @property
    def version(self) -> Version:
        """The version of the change."""
    @property
    def cursor(self) -> Cursor:
        """The position after this update: what to resume from once it is handled (rule S4)."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Delete:
    """A watched key was deleted."""

    __match_args__ = ("key", "version", "cursor")
    def __new__(cls, key: str, version: Version, cursor: Cursor | None = None) -> Self: ...
    @property
    def key(self) -> str:
        """The key that is gone."""
    @property
    def version(self) -> Version:
        """The version of the removal."""
    @property
    def cursor(self) -> Cursor:
        """The position after this update: what to resume from once it is handled (rule S4)."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Purge:
    """A watched key was purged with its history, or its time to live ended (rules W4, W5): ``reason``
    is ``"purged"`` or ``"expired"``, None where the store does not say.
    """

    __match_args__ = ("key", "version", "cursor", "reason")
    def __new__(
        cls,
        key: str,
        version: Version,
        cursor: Cursor | None = None,
        reason: _PurgeReason | None = None,
    ) -> Self: ...
    @property
    def key(self) -> str:
        """The key that is gone."""
    @property
    def version(self) -> Version:
        """The version of the removal."""
    @property
    def cursor(self) -> Cursor:
        """The position after this update: what to resume from once it is handled (rule S4)."""
    @property
    def reason(self) -> _PurgeReason | None:
        """Why the key is gone: ``"purged"``, ``"expired"``, or None where the store does not say."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Connection:
    """An open connection: a way to stores. ``slipstream.connect`` opens one.

    It is an async context manager that closes itself.

    >>> async with slipstream.connect("memory:") as conn:
    ...     store = await conn.store("nodes")
    """

    def store(
        self,
        name: str,
        *,
        storage: _Storage | None = None,
        max_history: int | None = None,
        max_age: _Duration | None = None,
        max_bytes: int | None = None,
        num_replicas: int | None = None,
        discard: _Discard | None = None,
        create: bool = True,
    ) -> Coroutine[Any, Any, Store]:
        """Open the store of this name, creating it if it is missing (rule L2).

        What is left out is unlimited, and one for history and replicas. An existing store is
        opened as it is.

        name: 1 to 64 of A-Z a-z 0-9 - _ (rule K3)
        storage: "persistent" or "memory"
        max_history: versions kept of each key, 1 to 64
        max_age: how long an entry lives unless written again; seconds or a timedelta
        max_bytes: the size of all keys and values
        num_replicas: servers that keep a copy, 1 to 5
        discard: what a full store does: "new" refuses the write, "old" evicts the oldest
        create: whether a missing store is made; if not, it is StoreNotFound (R7)

        Raises InvalidArgument before anything is created, StoreNotFound, NotConnected, Timeout.

        >>> store = await conn.store("nodes", max_bytes=1_000_000)
        >>> store = await conn.store("nodes", create=False)
        """
    def stores(self) -> Coroutine[Any, Any, list[str]]:
        """The names of the stores that there are, sorted (rule R7).

        Raises NotConnected, Timeout.

        >>> await conn.stores()
        ['nodes']
        """
    def delete_store(self, name: str) -> Coroutine[Any, Any, None]:
        """Delete the store of this name with all that is in it (rule R7).

        Its open watches raise WatchError, calls of its handles StoreNotFound, and its cursors
        CursorExpired, also once a store of this name is made anew: open that one to use it.

        Raises StoreNotFound if there is none, InvalidArgument, NotConnected, PermissionDenied,
        Timeout.

        >>> await conn.delete_store("nodes")
        """
    def close(self) -> Coroutine[Any, Any, None]:
        """Close the connection: open watches end and every handle of it raises NotConnected
        (rule L5). Twice is fine.

        >>> await conn.close()
        """
    def is_healthy(self) -> bool:
        """Whether the connection works right now (rule L1).

        >>> conn.is_healthy()
        True
        """
    def capabilities(self) -> ConnectionCapabilities:
        """What stores on this connection can do, as ConnectionCapabilities.

        >>> conn.capabilities().ttl
        True
        """
    @property
    def url(self) -> str:
        """Where this connection leads, without a password or token."""
    def __aenter__(self) -> Coroutine[Any, Any, Self]: ...
    def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> Coroutine[Any, Any, None]: ...

@final
class Store:
    """One store: reads, writes, compare-and-swap and watches. ``Connection.store`` opens one.

    >>> store = await conn.store("nodes")
    >>> version = await store.put("node.a", b"10.0.0.1")
    >>> version = await store.update("node.a", b"10.0.0.2", version)
    >>> await store.get("node.a")
    Entry(key='node.a', value=b'10.0.0.2', version=b'...')
    """

    def get(self, key: str) -> Coroutine[Any, Any, Entry | None]:
        """The live entry of a key, or None (rule R1). A missing key is never an error.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> entry = await store.get("node.a")
        """
    def get_many(self, keys: Iterable[str]) -> Coroutine[Any, Any, list[Entry | None]]:
        """What get finds for each of these keys, in their order: a list of entries, with None where
        there is none (rule R1). Cheaper than as many calls: a store that can is asked for all of
        them at once. Others may write between the reads of two keys.

        keys: any iterable of keys; one may be there twice

        Raises InvalidArgument if a key breaks rule K4, and reads nothing then; NotConnected,
        Timeout.

        >>> first, second = await store.get_many(["node.a", "node.b"])
        """
    def entry(self, key: str) -> Coroutine[Any, Any, Entry | None]:
        """The raw last record of a key, which may be a tombstone with an empty value and its own
        version (rule R3). None if it was never written, was purged or has expired.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> tombstone = await store.entry("node.a")
        """
    def info(self) -> Coroutine[Any, Any, StoreInfo]:
        """How much the store holds, and its limits as they are, as StoreInfo (rule R7).

        In memory and in a file it costs about what ``get`` does. On NATS it counts the keys, which
        costs as much as ``keys``.

        Raises StoreNotFound, NotConnected, Timeout.

        >>> info = await store.info()
        >>> info.keys, info.limits.max_bytes
        (1, None)
        """
    def keys(self, prefix: str = "") -> Coroutine[Any, Any, list[str]]:
        """Every live key with this prefix, sorted by bytes (rule R4). The empty prefix is every key.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> await store.keys("node.")
        ['node.a']
        """
    def scan(self, prefix: str = "") -> Coroutine[Any, Any, list[Entry]]:
        """Every live entry whose key has this prefix, sorted by key (rule R4). The empty prefix is
        everything.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> {entry.key: entry.value for entry in await store.scan("node.")}
        {'node.a': b'10.0.0.1'}
        """
    def put(
        self, key: str, value: Buffer, *, ttl: _Duration | None = None
    ) -> Coroutine[Any, Any, Version]:
        """Write unconditionally and get the new version (rule W1). An empty value is a value: reads show it (R2).

        ttl: after this time the key is gone (W5); seconds or a timedelta

        Raises InvalidArgument, LimitExceeded, NotConnected, Timeout. After a Timeout the outcome
        is unknown (W6), and so it is when the call is cancelled.

        >>> version = await store.put("node.a", b"10.0.0.1", ttl=30)
        """
    def create(
        self, key: str, value: Buffer, *, ttl: _Duration | None = None
    ) -> Coroutine[Any, Any, Version]:
        """Write only where there is no live value, and get the new version (rule W1).

        ttl: after this time the key is gone (W5); seconds or a timedelta

        Raises AlreadyExists, InvalidArgument, LimitExceeded, NotConnected, Timeout.

        >>> lease = await store.create("lock", b"me", ttl=10)
        """
    def update(
        self, key: str, value: Buffer, version: Version, *, ttl: _Duration | None = None
    ) -> Coroutine[Any, Any, Version]:
        """Write only if version is the key's current one, and get the new version (rule W2).

        version: from get, entry, a write or a watch, of any process and language (V3)
        ttl: after this time the key is gone (W5); seconds or a timedelta

        Raises RevisionMismatch, InvalidArgument also for a version of a wrong shape (V5),
        LimitExceeded, NotConnected, Timeout.

        >>> version = await store.update("node.a", b"10.0.0.2", entry.version)
        """
    def delete(self, key: str) -> Coroutine[Any, Any, bool]:
        """Delete a key, leaving a tombstone; idempotent (rule W3). False where nothing was live,
        as far as the backend knows.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> await store.delete("node.a")
        True
        """
    def delete_with_version(self, key: str, version: Version) -> Coroutine[Any, Any, bool]:
        """Delete a key only if version is its current one (rules W2, W3).

        Raises RevisionMismatch, InvalidArgument also for a version of a wrong shape (V5),
        NotConnected, Timeout.

        >>> await store.delete_with_version("node.a", entry.version)
        True
        """
    def purge(self, key: str) -> Coroutine[Any, Any, None]:
        """Drop a key's value and history (rule W4). Purging an absent key is no error.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> await store.purge("node.a")
        """
    def watch(
        self,
        *prefixes: str | Iterable[str],
        keys: Iterable[str] | None = None,
        cursor: Cursor | None = None,
    ) -> Watch:
        """Watch every key, or those that have one of these prefixes, or exactly these keys: their
        state first and then every change (rule S1), or with a cursor only what came after it (S4).
        Prefixes and keys together are one watch of all of them, which tells each update once (S6).

        prefixes: each a str, or a list or another iterable of them; without any prefixes and keys
        it is every key, and an empty list is none, so that the watch ends at once
        keys: any iterable of keys, which are watched alone or beside the prefixes
        cursor: a saved ``watch.cursor`` or that of an update; None and b"" are no cursor

        Raises InvalidArgument and NotConnected here; the watch itself raises CursorExpired when
        changes after the cursor can no longer be told (S5), and NotConnected once the connection
        is closed.

        >>> async with store.watch("node.", cursor=saved) as watch:
        ...     async for update in watch:
        ...         handle(update)
        ...         saved = watch.cursor
        """
    @property
    def name(self) -> str:
        """The store's name."""

@final
class Watch(AsyncIterator[_Update]):
    """A watch: an async iterator of ``Put``, ``Delete`` and ``Purge``. ``Store.watch`` opens one.

    Left by ``break`` it may be iterated again and goes on where it stood, until it is closed; as
    an async context manager it closes itself. One reader at a time: a second one raises
    OperationFailed.

    >>> async with store.watch("node.") as watch:
    ...     async for update in watch:
    ...         print(update)
    """

    def synced(self) -> Coroutine[Any, Any, None]:
        """Wait until the first state is complete (rule S3), also for an empty store: every update of
        it was handed out, or waits in memory to be handed out next. With a cursor: until the
        watch has caught up with the store.

        Raises CursorExpired, NotConnected, WatchError if the watch is closed first.

        >>> await watch.synced()
        """
    @property
    def is_synced(self) -> bool:
        """Whether the first state is complete (rule S3)."""
    @property
    def cursor(self) -> Cursor:
        """The position after the last update handed out, as bytes to save (rule S4). Saved after an
        update is handled and given to ``watch(cursor=...)``, nothing is lost and nothing that was
        handled is repeated.

        >>> saved = watch.cursor
        """
    def batches(self) -> Batches:
        """The same updates as lists: whatever is there at once, and at least one.

        >>> async for updates in watch.batches():
        ...     handle_all(updates)
        """
    def close(self) -> Awaitable[None]:
        """Close the watch at once, and free what is behind it (rule S9). Iteration ends. Twice is
        fine. What it returns need not be awaited: awaited, it waits until nothing is left of the
        watch on a server, and raises what says why something stays there.

        >>> watch.close()
        """
    def __aiter__(self) -> Self: ...
    def __anext__(self) -> Coroutine[Any, Any, _Update]: ...
    def __aenter__(self) -> Coroutine[Any, Any, Self]: ...
    def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> Coroutine[Any, Any, None]: ...

@final
class Batches(AsyncIterator[list[_Update]]):
    """An async iterator of lists: the updates of a watch that are there at once."""

    def __aiter__(self) -> Self: ...
    def __anext__(self) -> Coroutine[Any, Any, list[_Update]]: ...

@final
class SyncConnection:
    """An open connection whose calls block: ``slipstream.sync.connect`` opens one.

    It is a context manager that closes itself. Any number of threads may use it.

    >>> with slipstream.sync.connect("memory:") as conn:
    ...     store = conn.store("nodes")
    """

    def store(
        self,
        name: str,
        *,
        storage: _Storage | None = None,
        max_history: int | None = None,
        max_age: _Duration | None = None,
        max_bytes: int | None = None,
        num_replicas: int | None = None,
        discard: _Discard | None = None,
        create: bool = True,
    ) -> SyncStore:
        """Open the store of this name, creating it if it is missing (rule L2).

        What is left out is unlimited, and one for history and replicas. An existing store is
        opened as it is.

        name: 1 to 64 of A-Z a-z 0-9 - _ (rule K3)
        storage: "persistent" or "memory"
        max_history: versions kept of each key, 1 to 64
        max_age: how long an entry lives unless written again; seconds or a timedelta
        max_bytes: the size of all keys and values
        num_replicas: servers that keep a copy, 1 to 5
        discard: what a full store does: "new" refuses the write, "old" evicts the oldest
        create: whether a missing store is made; if not, it is StoreNotFound (R7)

        Raises InvalidArgument before anything is created, StoreNotFound, NotConnected, Timeout.

        >>> store = conn.store("nodes", max_bytes=1_000_000)
        >>> store = conn.store("nodes", create=False)
        """
    def stores(self) -> list[str]:
        """The names of the stores that there are, sorted (rule R7).

        Raises NotConnected, Timeout.

        >>> conn.stores()
        ['nodes']
        """
    def delete_store(self, name: str) -> None:
        """Delete the store of this name with all that is in it (rule R7).

        Its open watches raise WatchError, calls of its handles StoreNotFound, and its cursors
        CursorExpired, also once a store of this name is made anew: open that one to use it.

        Raises StoreNotFound if there is none, InvalidArgument, NotConnected, PermissionDenied,
        Timeout.

        >>> conn.delete_store("nodes")
        """
    def close(self) -> None:
        """Close the connection: open watches end and every handle of it raises NotConnected
        (rule L5). Twice is fine.

        >>> conn.close()
        """
    def is_healthy(self) -> bool:
        """Whether the connection works right now (rule L1).

        >>> conn.is_healthy()
        True
        """
    def capabilities(self) -> ConnectionCapabilities:
        """What stores on this connection can do, as ConnectionCapabilities.

        >>> conn.capabilities().ttl
        True
        """
    @property
    def url(self) -> str:
        """Where this connection leads, without a password or token."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class SyncStore:
    """One store whose calls block: reads, writes, compare-and-swap and watches.
    ``slipstream.sync.Connection.store`` opens one. Ctrl-C interrupts every call.

    >>> store = conn.store("nodes")
    >>> version = store.put("node.a", b"10.0.0.1")
    >>> version = store.update("node.a", b"10.0.0.2", version)
    >>> store.get("node.a")
    Entry(key='node.a', value=b'10.0.0.2', version=b'...')
    """

    def get(self, key: str) -> Entry | None:
        """The live entry of a key, or None (rule R1). A missing key is never an error.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> entry = store.get("node.a")
        """
    def get_many(self, keys: Iterable[str]) -> list[Entry | None]:
        """What get finds for each of these keys, in their order: a list of entries, with None where
        there is none (rule R1). Cheaper than as many calls: a store that can is asked for all of
        them at once. Others may write between the reads of two keys.

        keys: any iterable of keys; one may be there twice

        Raises InvalidArgument if a key breaks rule K4, and reads nothing then; NotConnected,
        Timeout.

        >>> first, second = store.get_many(["node.a", "node.b"])
        """
    def entry(self, key: str) -> Entry | None:
        """The raw last record of a key, which may be a tombstone with an empty value and its own
        version (rule R3). None if it was never written, was purged or has expired.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> tombstone = store.entry("node.a")
        """
    def info(self) -> StoreInfo:
        """How much the store holds, and its limits as they are, as StoreInfo (rule R7).

        In memory and in a file it costs about what ``get`` does. On NATS it counts the keys, which
        costs as much as ``keys``.

        Raises StoreNotFound, NotConnected, Timeout.

        >>> info = store.info()
        >>> info.keys, info.limits.max_bytes
        (1, None)
        """
    def keys(self, prefix: str = "") -> list[str]:
        """Every live key with this prefix, sorted by bytes (rule R4). The empty prefix is every key.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> store.keys("node.")
        ['node.a']
        """
    def scan(self, prefix: str = "") -> list[Entry]:
        """Every live entry whose key has this prefix, sorted by key (rule R4). The empty prefix is
        everything.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> {entry.key: entry.value for entry in store.scan("node.")}
        {'node.a': b'10.0.0.1'}
        """
    def put(self, key: str, value: Buffer, *, ttl: _Duration | None = None) -> Version:
        """Write unconditionally and get the new version (rule W1). An empty value is a value: reads show it (R2).

        ttl: after this time the key is gone (W5); seconds or a timedelta

        Raises InvalidArgument, LimitExceeded, NotConnected, Timeout. After a Timeout the outcome
        is unknown (W6), and so it is when the call is cancelled.

        >>> version = store.put("node.a", b"10.0.0.1", ttl=30)
        """
    def create(self, key: str, value: Buffer, *, ttl: _Duration | None = None) -> Version:
        """Write only where there is no live value, and get the new version (rule W1).

        ttl: after this time the key is gone (W5); seconds or a timedelta

        Raises AlreadyExists, InvalidArgument, LimitExceeded, NotConnected, Timeout.

        >>> lease = store.create("lock", b"me", ttl=10)
        """
    def update(
        self, key: str, value: Buffer, version: Version, *, ttl: _Duration | None = None
    ) -> Version:
        """Write only if version is the key's current one, and get the new version (rule W2).

        version: from get, entry, a write or a watch, of any process and language (V3)
        ttl: after this time the key is gone (W5); seconds or a timedelta

        Raises RevisionMismatch, InvalidArgument also for a version of a wrong shape (V5),
        LimitExceeded, NotConnected, Timeout.

        >>> version = store.update("node.a", b"10.0.0.2", entry.version)
        """
    def delete(self, key: str) -> bool:
        """Delete a key, leaving a tombstone; idempotent (rule W3). False where nothing was live,
        as far as the backend knows.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> store.delete("node.a")
        True
        """
    def delete_with_version(self, key: str, version: Version) -> bool:
        """Delete a key only if version is its current one (rules W2, W3).

        Raises RevisionMismatch, InvalidArgument also for a version of a wrong shape (V5),
        NotConnected, Timeout.

        >>> store.delete_with_version("node.a", entry.version)
        True
        """
    def purge(self, key: str) -> None:
        """Drop a key's value and history (rule W4). Purging an absent key is no error.

        Raises InvalidArgument, NotConnected, Timeout.

        >>> store.purge("node.a")
        """
    def watch(
        self,
        *prefixes: str | Iterable[str],
        keys: Iterable[str] | None = None,
        cursor: Cursor | None = None,
    ) -> SyncWatch:
        """Watch every key, or those that have one of these prefixes, or exactly these keys: their
        state first and then every change (rule S1), or with a cursor only what came after it (S4).
        Prefixes and keys together are one watch of all of them, which tells each update once (S6).

        prefixes: each a str, or a list or another iterable of them; without any prefixes and keys
        it is every key, and an empty list is none, so that the watch ends at once
        keys: any iterable of keys, which are watched alone or beside the prefixes
        cursor: a saved ``watch.cursor`` or that of an update; None and b"" are no cursor

        Raises InvalidArgument and NotConnected here; the watch itself raises CursorExpired when
        changes after the cursor can no longer be told (S5), and NotConnected once the connection
        is closed.

        >>> with store.watch("node.", cursor=saved) as watch:
        ...     for update in watch:
        ...         handle(update)
        ...         saved = watch.cursor
        """
    @property
    def name(self) -> str:
        """The store's name."""

@final
class SyncWatch(Iterator[_Update]):
    """A watch: an iterator of ``Put``, ``Delete`` and ``Purge`` that blocks until there is one.
    ``slipstream.sync.Store.watch`` opens one.

    Left by ``break`` it may be iterated again and goes on where it stood, until it is closed; as
    a context manager it closes itself. One reader at a time: a second one raises
    OperationFailed. Another thread may close it, and then iteration ends.

    >>> with store.watch("node.") as watch:
    ...     for update in watch:
    ...         print(update)
    """

    def synced(self) -> None:
        """Wait until the first state is complete (rule S3), also for an empty store: every update of
        it was handed out, or waits in memory to be handed out next. With a cursor: until the
        watch has caught up with the store.

        Raises CursorExpired, NotConnected, WatchError if the watch is closed first.

        >>> watch.synced()
        """
    @property
    def is_synced(self) -> bool:
        """Whether the first state is complete (rule S3)."""
    @property
    def cursor(self) -> Cursor:
        """The position after the last update handed out, as bytes to save (rule S4). Saved after an
        update is handled and given to ``watch(cursor=...)``, nothing is lost and nothing that was
        handled is repeated.

        >>> saved = watch.cursor
        """
    def batches(self) -> SyncBatches:
        """The same updates as lists: whatever is there at once, and at least one.

        >>> for updates in watch.batches():
        ...     handle_all(updates)
        """
    def close(self) -> None:
        """Close the watch at once, and free what is behind it (rule S9). Iteration ends. Twice is
        fine. What it returns need not be awaited: awaited, it waits until nothing is left of the
        watch on a server, and raises what says why something stays there.

        >>> watch.close()
        """
    def __iter__(self) -> Self: ...
    def __next__(self) -> _Update: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class SyncBatches(Iterator[list[_Update]]):
    """An iterator of lists: the updates of a watch that are there at once."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> list[_Update]: ...

def connect(
    url: str,
    *,
    blocking: bool,
    timeout: float | timedelta,
    connect_timeout: float | timedelta,
    wait: float | timedelta | None = ...,
    creds: str | None = ...,
    creds_file: str | PathLike[str] | None = ...,
    nkey: str | None = ...,
    token: str | None = ...,
    user: str | None = ...,
    password: str | None = ...,
    tls_ca: str | PathLike[str] | None = ...,
    tls_cert: str | PathLike[str] | None = ...,
    tls_key: str | PathLike[str] | None = ...,
    tls_first: bool = ...,
    stale_reads: bool = ...,
    client_name: str | None = ...,
) -> Any: ...
def live() -> dict[str, int]: ...
