"""Nothing is left of what was begun and given up: no handle, consumer, descriptor, memory."""

from __future__ import annotations

import asyncio
import gc
import random
import resource
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from kit.nats_server import NatsServer
from kit.wait import wait_for

import slipstream
import slipstream.sync
from slipstream import _debug

ROUNDS = 20
AT_ONCE = 500
WATCHES = 50
GROWTH = 32 << 20
"""Bytes that the second half of the rounds may take more than the first half."""


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def descriptors_of(store: slipstream.Store) -> int:
    """How many there are once a first write has opened all that a store uses."""
    opened = descriptors()
    await store.put("k", b"v")
    await asyncio.to_thread(wait_for, "its second connection", lambda: descriptors() > opened)
    return descriptors()


def assert_bounded(memory: list[int]) -> None:
    half = len(memory) // 2
    assert max(memory[half:]) - max(memory[:half]) < GROWTH, memory


def no_consumer_left(server: NatsServer) -> None:
    wait_for("no consumer is left", lambda: server.jetstream.count_consumers("s") == 0, 10)


async def test_ten_thousand_calls_cancelled_at_random_moments(server: NatsServer) -> None:
    async with slipstream.connect(server.url) as conn:
        store = await conn.store("s")
        before = await descriptors_of(store)
        chance = random.Random(1)
        memory: list[int] = []
        cancelled = 0
        for _ in range(ROUNDS):
            calls: list[Coroutine[Any, Any, Any]] = [
                call
                for i in range(AT_ONCE // 2)
                for call in (store.get("k"), store.put(f"k.{i}", b"v"))
            ]
            tasks = [asyncio.ensure_future(call) for call in calls]
            for task in tasks:
                match chance.randrange(6):
                    case 0:
                        await asyncio.sleep(0)
                    case 1 | 2 | 3:
                        task.cancel()
                    case _:
                        pass
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            errors = [error for error in outcomes if isinstance(error, BaseException)]
            assert {type(error) for error in errors} <= {asyncio.CancelledError}
            cancelled += len(errors)
            memory.append(resident())
        assert 0 < cancelled < ROUNDS * AT_ONCE
        assert _debug.live()["operations"] == 0
        assert descriptors() == before
        assert_bounded(memory)
        assert await store.get("k") is not None


async def test_a_task_group_cancelled_half_way(server: NatsServer) -> None:
    async with slipstream.connect(server.url) as conn:
        store = await conn.store("s")

        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                for i in range(1_000):
                    group.create_task(store.put(f"k.{i}", b"v"))
                await store.put("half", b"v")
                raise ZeroDivisionError

        with pytest.raises(ExceptionGroup) as caught:
            await work()
        assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError]
        assert _debug.live()["operations"] == 0
        assert await store.put("after", b"v")


async def test_s9_a_thousand_watches_that_are_broken_out_of(server: NatsServer) -> None:
    async with slipstream.connect(server.url) as conn:
        store = await conn.store("s")
        before = await descriptors_of(store)
        memory: list[int] = []

        async def read_one() -> None:
            async with store.watch("") as watch:
                async for update in watch:
                    assert update.key == "k"
                    break

        for _ in range(ROUNDS):
            await asyncio.gather(*(read_one() for _ in range(WATCHES)))
            memory.append(resident())
        await asyncio.to_thread(no_consumer_left, server)
        gc.collect()
        live = _debug.live()
        assert (live["watches"], live["operations"]) == (0, 0)
        assert descriptors() == before
        assert_bounded(memory)


async def test_s9_watches_dropped_without_closing_are_named(server: NatsServer) -> None:
    async with slipstream.connect(server.url) as conn:
        store = await conn.store("s")
        await store.put("k", b"v")
        for _ in range(WATCHES):
            watch = store.watch("")  # here
            await anext(watch)
            with pytest.warns(ResourceWarning) as caught:
                del watch
            assert caught[0].filename == __file__
            lines = Path(__file__).read_text(encoding="utf-8").splitlines()
            assert lines[caught[0].lineno - 1].endswith("# here")
        assert _debug.live()["watches"] == 0
        await asyncio.to_thread(no_consumer_left, server)


def test_s9_blocking_iterators_dropped_without_closing_are_named(server: NatsServer) -> None:
    with slipstream.sync.connect(server.url) as conn:
        store = conn.store("s")
        store.put("k", b"v")
        for _ in range(WATCHES):
            watch = store.watch("")  # there
            assert next(watch).key == "k"
            with pytest.warns(ResourceWarning) as caught:
                del watch
            assert caught[0].filename == __file__
            lines = Path(__file__).read_text(encoding="utf-8").splitlines()
            assert lines[caught[0].lineno - 1].endswith("# there")
        assert _debug.live()["watches"] == 0
        no_consumer_left(server)


async def test_s8_a_reader_that_stands_still_holds_no_other_up(server: NatsServer) -> None:
    count = 50_000
    async with slipstream.connect(server.url) as conn:
        store = await conn.store("s")
        async with store.watch("") as slow, store.watch("") as fast:
            await slow.synced()
            before = resident()

            async def write() -> None:
                for first in range(0, count, AT_ONCE):
                    keys = range(first, first + AT_ONCE)
                    await asyncio.gather(*(store.put(f"k.{i}", bytes(1_000)) for i in keys))

            async def read_slowly() -> set[str]:
                seen: set[str] = set()
                while not writer.done():
                    seen.add((await anext(slow)).key)
                    await asyncio.wait([writer], timeout=1)
                return seen

            writer = asyncio.create_task(write())
            reader = asyncio.create_task(read_slowly())
            assert len({(await anext(fast)).key for _ in range(count)}) == count
            await writer
            seen = await reader
            assert len(seen) < count / 2
            # Were the backlog in memory, it would take some 50 MB on top of what the queues hold.
            assert resident() - before < GROWTH
            seen |= {(await anext(slow)).key for _ in range(count - len(seen))}
            assert seen == {f"k.{i}" for i in range(count)}
