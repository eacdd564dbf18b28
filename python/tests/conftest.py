"""Every test leaves nothing behind: no connection, store, watch or operation."""

from __future__ import annotations

import asyncio
import gc
import inspect
import signal
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from kit.nats_server import NatsServer

import slipstream
from slipstream import _debug

OpenStore: TypeAlias = Callable[[], AbstractAsyncContextManager[slipstream.Store]]

PATIENCE = 30.0
"""Seconds after which a test that waits has failed."""


def pytest_configure() -> None:
    """Take SIGINT here and in programs: a shell has what runs behind it ignore that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test in an event loop of its own."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = inspect.signature(test).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await test(**arguments)

    asyncio.run(bounded())
    return True


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Fail a test that leaves something behind."""
    before = _debug.live()
    yield
    assert settled_live(before) == before


def settled_live(expected: dict[str, int]) -> dict[str, int]:
    """The live counts, once they are as expected or time is up."""
    deadline = time.monotonic() + 5
    while True:
        gc.collect()
        live = _debug.live()
        if live == expected or time.monotonic() > deadline:
            return live
        time.sleep(0.01)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS server of its own, with nothing in it."""
    with NatsServer(tmp_path / "server") as server:
        yield server


@pytest.fixture(params=["memory", "file", "nats"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A URL of each backend, with nothing there."""
    if request.param == "nats":
        server: NatsServer = request.getfixturevalue("server")
        return server.url
    return "memory:" if request.param == "memory" else f"file:{tmp_path / 'state.db'}"


@pytest.fixture
def open_store() -> OpenStore:
    """Open a private store in memory, as an async context manager."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[slipstream.Store, None]:
        async with slipstream.connect("memory:") as conn:
            yield await conn.store("test")

    return opened
