"""The same store with calls that block, for programs without an event loop.

Any number of threads may use a connection, and Ctrl-C interrupts every call. Names, arguments and
errors are those of ``slipstream``.

>>> with slipstream.sync.connect("memory:") as conn:
...     store = conn.store("nodes")
...     version = store.put("node.a", b"10.0.0.1")
"""

from __future__ import annotations

from datetime import timedelta

from slipstream import _native
from slipstream._native import SyncBatches as Batches
from slipstream._native import SyncConnection as Connection
from slipstream._native import SyncStore as Store
from slipstream._native import SyncWatch as Watch

__all__ = ["Batches", "Connection", "Store", "Watch", "connect"]


def connect(
    url: str,
    *,
    timeout: float | timedelta = 5.0,
    connect_timeout: float | timedelta = 5.0,
) -> Connection:
    """Connect to the store behind a URL, and block until that is done.

    ``memory:`` is private to this connection, ``memory:NAME`` shared within the process while a
    connection to it is open, ``file:PATH`` shared by every process that opens the file.
    ``timeout`` is the deadline of every operation (rule L3), ``connect_timeout`` that of
    connecting (L4); both are seconds or a timedelta.

    Raises InvalidArgument, ConnectionFailed, PermissionDenied, Timeout.

    >>> with slipstream.sync.connect("memory:") as conn:
    ...     store = conn.store("nodes")
    """
    return _native.connect_sync(url, timeout=timeout, connect_timeout=connect_timeout)
