"""One watchable key-value API over an embedded store, the same in Python, Node and Rust.

>>> async with slipstream.connect("file:./state.db") as conn:
...     store = await conn.store("nodes")
...     version = await store.put("node.a", b"10.0.0.1")
...     async with store.watch("node.") as watch:
...         async for update in watch:
...             print(update)

``slipstream.sync`` has the same classes with calls that block.
"""

from typing import TypeAlias

from slipstream import sync as sync
from slipstream._native import (
    Batches,
    Connection,
    Delete,
    Entry,
    Purge,
    Put,
    Store,
    Watch,
    __version__,
)
from slipstream.capabilities import ConnectionCapabilities
from slipstream.connecting import Connecting, connect
from slipstream.errors import (
    AlreadyExists,
    ConnectionFailed,
    CursorExpired,
    DeserializationError,
    InvalidArgument,
    KeyNotFound,
    KvError,
    LimitExceeded,
    NotConnected,
    OperationFailed,
    PermissionDenied,
    RevisionMismatch,
    SerializationError,
    StoreNotFound,
    Timeout,
    WatchError,
)
from slipstream.info import StoreInfo, StoreLimits
from slipstream.tokens import Cursor, Version

Update: TypeAlias = Put | Delete | Purge

__all__ = [
    "AlreadyExists",
    "Batches",
    "Connecting",
    "Connection",
    "ConnectionCapabilities",
    "ConnectionFailed",
    "Cursor",
    "CursorExpired",
    "Delete",
    "DeserializationError",
    "Entry",
    "InvalidArgument",
    "KeyNotFound",
    "KvError",
    "LimitExceeded",
    "NotConnected",
    "OperationFailed",
    "PermissionDenied",
    "Purge",
    "Put",
    "RevisionMismatch",
    "SerializationError",
    "Store",
    "StoreInfo",
    "StoreLimits",
    "StoreNotFound",
    "Timeout",
    "Update",
    "Version",
    "Watch",
    "WatchError",
    "__version__",
    "connect",
    "sync",
]
