"""The same store with calls that block, for programs without an event loop.

Any number of threads may use a connection, and Ctrl-C interrupts every call. Names, arguments and
errors are those of ``slipstream``.

>>> with slipstream.sync.connect("memory:") as conn:
...     store = conn.store("nodes")
...     version = store.put("node.a", b"10.0.0.1")
"""

from __future__ import annotations

from typing import Any

from slipstream import _native, _parameters
from slipstream._native import SyncBatches as Batches
from slipstream._native import SyncConnection as Connection
from slipstream._native import SyncStore as Store
from slipstream._native import SyncWatch as Watch
from slipstream._parameters import takes

__all__ = ["Batches", "Connection", "Store", "Watch", "connect"]


@takes(_parameters.connect)
def connect(given: dict[str, Any]) -> Connection:
    """Connect to the store behind a URL, and block until that is done.

    The URL and the options are those of ``slipstream.connect``.

    Raises InvalidArgument, ConnectionFailed, PermissionDenied, Timeout.

    >>> with slipstream.sync.connect("memory:") as conn:
    ...     store = conn.store("nodes")
    >>> conn = slipstream.sync.connect("tls://a.example,b.example", creds_file="service.creds")
    """
    opened: Connection = _native.connect(blocking=True, **given)
    return opened
