"""A TCP proxy before a server, to break a connection in every way that a network can."""

import asyncio
import socket
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
        self._open: set[asyncio.Task[None]] = set()
        self._listening: socket.socket | None = None
        self._loop = asyncio.new_event_loop()
        self._requests, self._answers = _Gate(), _Gate()
        self._garbled = (b"", b"")
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

    def garble(self, said: bytes, heard: bytes) -> None:
        """Delivers ``heard`` wherever the server says ``said``, which is as long."""
        assert len(said) == len(heard)
        self._garbled = (said, heard)

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
            self._listening = socket.create_server((HOST, self.port), backlog=1024)
            self._listening.setblocking(False)
            self._loop.add_reader(self._listening, self._accept, self._listening)

    async def _cut(self) -> None:
        cut, self._open = self._open, set()
        await _cancel(*cut)

    async def _refuse(self) -> None:
        if self._listening is not None:
            self._loop.remove_reader(self._listening)
            self._listening.close()
            self._listening = None
        await self._cut()

    async def _hold(self, *, requests: bool, answers: bool) -> None:
        if requests:
            self._requests.shut()
        if answers:
            self._answers.shut()

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            # It was gone before it was accepted.
            return
        client.setblocking(False)
        connection = asyncio.ensure_future(self._connect(client), loop=self._loop)
        self._open.add(connection)
        connection.add_done_callback(self._open.discard)
        # Also where it is cut before it has begun.
        connection.add_done_callback(lambda _: client.close())

    async def _connect(self, client: socket.socket) -> None:
        await self._requests.passed()
        with socket.socket() as server:
            server.setblocking(False)
            for end in client, server:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await self._loop.sock_connect(server, (HOST, self._to))
            except OSError:
                # The server is down, so its client is told the same.
                return
            pipes = (
                asyncio.ensure_future(self._pipe(client, server, self._requests)),
                asyncio.ensure_future(self._pipe(server, client, self._answers)),
            )
            try:
                await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _cancel(*pipes)

    async def _pipe(self, source: socket.socket, to: socket.socket, gate: "_Gate") -> None:
        """Forwards until either end is gone. An end that comes while the gate is shut waits."""
        try:
            while data := await self._loop.sock_recv(source, _CHUNK):
                await gate.passed()
                if gate is self._answers:
                    data = data.replace(*self._garbled)
                await self._loop.sock_sendall(to, data)
        except OSError:
            # A reset is an end like any other.
            pass
        await gate.passed()


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


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
