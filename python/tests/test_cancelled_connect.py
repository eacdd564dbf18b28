"""A connect that was cancelled or timed out leaves everything as it was (contract rules L3, L6)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from kit.wait import wait_for

import slipstream

TIMES = 20
SOON = 0.005
LARGE = 160
"""The size in MiB of a file which is still being checked then. Other files wait for that."""


def is_closed(path: Path) -> bool:
    """Whether this process has let go of a file and what lies beside it."""
    held: list[Path] = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            held.append(descriptor.readlink())
    return not any(str(name).startswith(str(path)) for name in held)


async def cancelled(url: str) -> bool:
    """Gives up after a while; whether the connect was still under way."""
    task = asyncio.ensure_future(_connected(url))
    await asyncio.sleep(SOON)
    task.cancel()
    try:
        await (await task).close()
    except asyncio.CancelledError:
        return True
    return False


async def timed_out(url: str) -> bool:
    """Gives up after a while; whether the connect was still under way."""
    try:
        await (await slipstream.connect(url, connect_timeout=SOON)).close()
    except slipstream.Timeout:
        return True
    return False


async def _connected(url: str) -> slipstream.Connection:
    return await slipstream.connect(url)


@pytest.mark.parametrize("give_up", [cancelled, timed_out])
@pytest.mark.parametrize("before", ["open", "closed"])
async def test_l6_a_connect_that_was_given_up_leaves_nothing_open(
    tmp_path: Path, give_up: Callable[[str], Awaitable[bool]], before: str
) -> None:
    path = tmp_path / "state.db"
    url = f"file:{path}"
    first = await slipstream.connect(url)
    await (await first.store("s")).put("k", b"v")
    if before == "closed":
        await first.close()
    large = f"file:{tmp_path / 'large.db'}"
    async with slipstream.connect(large) as conn:
        store = await conn.store("s")
        await asyncio.gather(*(store.put(f"k.{i}", bytes(1 << 20)) for i in range(LARGE)))
    given_up = 0
    for _ in range(TIMES):
        slow = asyncio.ensure_future(_connected(large))
        await asyncio.sleep(SOON)
        given_up += await give_up(url)
        await (await slow).close()
    # All of them, unless the machine is busy.
    assert given_up > 0
    if before == "open":
        # Those who had it open notice nothing.
        assert first.is_healthy()
        await (await first.store("s")).put("k", b"w")
        await first.close()
    await asyncio.to_thread(wait_for, "the file is let go of", lambda: is_closed(path))
    async with slipstream.connect(url) as again:
        entry = await (await again.store("s")).get("k")
        assert entry is not None
        assert entry.value == (b"w" if before == "open" else b"v")
    await asyncio.to_thread(wait_for, "the file is let go of", lambda: is_closed(path))
