"""The same store with calls that block, for programs without an event loop.

Any number of threads may use a connection, and Ctrl-C interrupts every call. Names, arguments and
errors are those of ``slipstream``.

>>> with slipstream.sync.connect("memory:") as conn:
...     store = conn.store("nodes")
...     version = store.put("node.a", b"10.0.0.1")
"""

from __future__ import annotations

from datetime import timedelta
from os import PathLike

from slipstream import _native
from slipstream._native import SyncBatches as Batches
from slipstream._native import SyncConnection as Connection
from slipstream._native import SyncStore as Store
from slipstream._native import SyncWatch as Watch

__all__ = ["Batches", "Connection", "Store", "Watch", "connect"]


def connect(  # noqa: PLR0913
    url: str,
    *,
    timeout: float | timedelta = 5.0,
    connect_timeout: float | timedelta = 5.0,
    creds: str | None = None,
    creds_file: str | PathLike[str] | None = None,
    nkey: str | None = None,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
    tls_ca: str | PathLike[str] | None = None,
    tls_cert: str | PathLike[str] | None = None,
    tls_key: str | PathLike[str] | None = None,
    tls_first: bool = False,
    stale_reads: bool = False,
    client_name: str | None = None,
) -> Connection:
    """Connect to the store behind a URL, and block until that is done.

    ``memory:`` is private to this connection, ``memory:NAME`` shared within the process while a
    connection to it is open, ``file:PATH`` shared by every process that opens the file.
    ``nats://HOST:PORT`` is a NATS cluster, over TLS with ``tls://``, over websockets with ``ws://``
    and ``wss://``. ``USER:PASSWORD@`` or ``TOKEN@`` may stand before the host, percent-encoded, and
    further servers after commas.

    ``timeout`` is the deadline of every operation (rule L3), ``connect_timeout`` that of
    connecting (L4); both are seconds or a timedelta. The rest is for NATS only, and of ``creds``,
    ``creds_file``, ``nkey``, ``token``, ``user`` and a login in the URL one may be given:

    creds: the content of a .creds file, in base64
    creds_file: the path of a .creds file
    nkey: the seed of a user's nkey, SU...
    token: a token
    user, password: a user's name and password
    tls_ca: the path of a PEM file of the authorities to trust instead of the system's; asks for TLS
    tls_cert, tls_key: the paths of PEM files with the client's certificate and its key; asks for
        TLS
    tls_first: whether TLS starts before the server says anything (its handshake_first)
    stale_reads: whether any replica of a store may answer reads, though it may be behind a write
        that was just made (R5)
    client_name: what the server calls this connection in its reports; "slipstream" if unset

    Raises InvalidArgument, ConnectionFailed, PermissionDenied, Timeout.

    >>> with slipstream.sync.connect("memory:") as conn:
    ...     store = conn.store("nodes")
    >>> conn = slipstream.sync.connect("tls://a.example,b.example", creds_file="service.creds")
    """
    return _native.connect(
        url,
        blocking=True,
        timeout=timeout,
        connect_timeout=connect_timeout,
        creds=creds,
        creds_file=creds_file,
        nkey=nkey,
        token=token,
        user=user,
        password=password,
        tls_ca=tls_ca,
        tls_cert=tls_cert,
        tls_key=tls_key,
        tls_first=tls_first,
        stale_reads=stale_reads,
        client_name=client_name,
    )
