"""Connecting, to be awaited or entered."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from datetime import timedelta
from types import TracebackType
from typing import Any

from slipstream import _native
from slipstream._native import Connection


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


def connect(
    url: str,
    *,
    timeout: float | timedelta = 5.0,
    connect_timeout: float | timedelta = 5.0,
) -> Connecting:
    """Connect to the store behind a URL; await it or enter it with ``async with``.

    ``memory:`` is private to this connection, ``memory:NAME`` shared within the process while a
    connection to it is open, ``file:PATH`` shared by every process that opens the file.
    ``timeout`` is the deadline of every operation (rule L3), ``connect_timeout`` that of
    connecting (L4); both are seconds or a timedelta.

    Raises InvalidArgument, ConnectionFailed, PermissionDenied, Timeout.

    >>> async with slipstream.connect("memory:") as conn:
    ...     store = await conn.store("nodes")
    >>> conn = await slipstream.connect("file:./state.db", timeout=1.5)
    """
    return Connecting(_native.connect(url, timeout=timeout, connect_timeout=connect_timeout))
