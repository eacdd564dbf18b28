"""Nothing of a watch is left on the server when its ``close`` returns (contract rule S9)."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

import slipstream
from slipstream import sync

if TYPE_CHECKING:
    from kit.nats_server import NatsServer

WATCHES = 60
LATEST = 0.008
"""Seconds within which a watch has made its consumer. Some are closed before, some after."""


def moment(number: int) -> float:
    return LATEST * (number % 20) / 20


@pytest.mark.parametrize("who", ["synced", "reader", "cancelled"])
async def test_s9_a_watch_that_was_closed_has_no_consumer(server: NatsServer, who: str) -> None:
    async with slipstream.connect(server.url) as conn:
        store = await conn.store("nodes")
        await store.put("a", b"1")
        for number in range(WATCHES):
            watch = store.watch("")
            if who == "synced":
                waiter = asyncio.create_task(watch.synced())
            else:
                waiter = asyncio.create_task(drain(watch))
            await asyncio.sleep(moment(number))
            if who == "cancelled":
                waiter.cancel()
            await watch.close()
            assert server.jetstream.count_consumers("nodes") == 0, number
            await asyncio.gather(waiter, return_exceptions=True)


def test_s9_a_blocking_watch_that_was_closed_has_no_consumer(server: NatsServer) -> None:
    with sync.connect(server.url) as conn:
        store = conn.store("nodes")
        store.put("a", b"1")
        for number in range(WATCHES):
            watch = store.watch("")
            reader = threading.Thread(target=list, args=(watch,))
            reader.start()
            time.sleep(moment(number))
            watch.close()
            assert server.jetstream.count_consumers("nodes") == 0, number
            reader.join()


async def drain(watch: slipstream.Watch) -> None:
    async for _ in watch:
        pass
