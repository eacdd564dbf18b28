"""A TCP proxy before a server, to break a connection in every way that a network can."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from kit.ports import HOST, free_port

_CHUNK = 1 << 16
_SECONDS = 10.0

T = TypeVar("T")


class Proxy:
    """Forwards connections to a port of this machine, until it is told otherwise.

    It runs in a thread of its own, so that its methods can be called from anywhere.
    """

    def __init__(self, to: int) -> None:
        self.port = free_port()
        self._to = to
        self._open: set[asyncio.Task[Any]] = set()
        self._listening: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._requests, self._answers = _Gate(), _Gate()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.forward()

    @property
    def url(self) -> str:
        return f"nats://{self.address}"

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """How many are open now."""
        return self._run(self._count())

    def forward(self) -> None:
        """Takes `refuse`, `stall` and `mute` back; what a connection held back is delivered."""
        self._run(self._forward())

    def cut(self) -> None:
        """Closes every connection at once. New ones are welcome."""
        self._run(self._cut())

    def refuse(self) -> None:
        """Closes every connection and refuses new ones, like a server that is down."""
        self._run(self._refuse())

    def stall(self) -> None:
        """Holds everything back, both ways, while connections stay open: half-open ones."""
        self._run(self._hold(requests=True, answers=True))

    def mute(self) -> None:
        """Holds back only what the server says: requests arrive, answers are lost on their way."""
        self._run(self._hold(requests=False, answers=True))

    def close(self) -> None:
        self._run(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result(_SECONDS)

    async def _count(self) -> int:
        return len(self._open)

    async def _forward(self) -> None:
        self._requests.open()
        self._answers.open()
        if self._listening is None:
            self._listening = await asyncio.start_server(self._accept, HOST, self.port)

    async def _cut(self) -> None:
        cut = list(self._open)
        for connection in cut:
            connection.cancel()
        await asyncio.gather(*cut, return_exceptions=True)

    async def _refuse(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        await self._cut()

    async def _hold(self, *, requests: bool, answers: bool) -> None:
        if requests:
            self._requests.shut()
        if answers:
            self._answers.shut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._open.add(connection)
        try:
            await self._requests.passed()
            await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):
            # The server is down, one end is gone, or this was cut: so the other end goes too.
            pass
        finally:
            self._open.discard(connection)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(HOST, self._to)
        pipes = (
            asyncio.ensure_future(_pipe(reader, to_server, self._requests)),
            asyncio.ensure_future(_pipe(from_server, writer, self._answers)),
        )
        try:
            await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pipe in pipes:
                pipe.cancel()
            await asyncio.gather(*pipes, return_exceptions=True)
            to_server.transport.abort()


class _Gate:
    """What one direction passes through."""

    def __init__(self) -> None:
        self._is_open = asyncio.Event()

    def open(self) -> None:
        self._is_open.set()

    def shut(self) -> None:
        self._is_open.clear()

    async def passed(self) -> None:
        await self._is_open.wait()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: _Gate) -> None:
    """Forwards until either end is gone. An end that comes while the gate is shut waits as well."""
    while data := await reader.read(_CHUNK):
        await gate.passed()
        writer.write(data)
        await writer.drain()
    await gate.passed()
