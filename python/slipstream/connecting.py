"""Connecting, to be awaited or entered."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, NoReturn

from slipstream import _native, _parameters
from slipstream._native import Connection
from slipstream._parameters import takes


class Connecting(Coroutine[Any, Any, Connection]):
    """A connection on its way: ``await`` it, or enter it with ``async with``.

    Entered, it closes the connection in the end.
    """

    __slots__ = ("_call", "_connection")

    def __init__(self, call: Coroutine[Any, Any, Connection]) -> None:
        """Wrap the call that connects."""
        self._call = call
        self._connection: Connection | None = None

    def __await__(self) -> Generator[Any, None, Connection]:
        """Connect."""
        return self._call.__await__()

    def send(self, value: Any, /) -> Any:  # noqa: ANN401
        """Advance the call, as asyncio does."""
        return self._call.send(value)

    def throw(self, *exception: Any) -> Any:  # noqa: ANN401
        """Cancel the call with an exception."""
        return self._call.throw(*exception)

    def close(self) -> None:
        """Cancel the call."""
        self._call.close()

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: a call cannot be made twice out of one."""
        raise TypeError(f"a {type(self).__qualname__} cannot be pickled or copied: await it")

    async def __aenter__(self) -> Connection:
        """Connect."""
        self._connection = await self._call
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()


@takes(_parameters.connect)
def connect(given: dict[str, Any]) -> Connecting:
    """Connect to the store behind a URL; await it or enter it with ``async with``.

    ``memory:`` is private to this connection, ``memory:NAME`` shared within the process while a
    connection to it is open, ``file:PATH`` shared by every process that opens the file.
    ``nats://HOST:PORT`` is a NATS cluster, over TLS with ``tls://``, over websockets with ``ws://``
    and ``wss://``. ``USER:PASSWORD@`` or ``TOKEN@`` may stand before the host, percent-encoded, and
    further servers after commas.

    ``timeout`` is the deadline of every operation (rule L3), ``connect_timeout`` that of
    connecting (L4); both are seconds or a timedelta. ``wait`` is how long a server that is not up
    yet is waited for (L6); a wrong password fails at once.

    The rest is for NATS only, and of ``creds``, ``creds_file``, ``nkey``, ``token``, ``user`` and a
    login in the URL one may be given:

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

    >>> async with slipstream.connect("memory:") as conn:
    ...     store = await conn.store("nodes")
    >>> conn = await slipstream.connect("file:./state.db", timeout=1.5)
    >>> conn = await slipstream.connect("nats://127.0.0.1", wait=30)
    >>> conn = await slipstream.connect("tls://a.example,b.example", creds_file="service.creds")
    """
    return Connecting(_native.connect(blocking=False, **given))
