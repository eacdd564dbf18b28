"""`get` and `put` on a nats-server, many of them in flight, against nats-py."""

import asyncio
from collections.abc import Awaitable, Callable

import nats
import slipstream
from measure import VALUE, measure, rounds, row
from nats_data import BUCKET, URL, sample

CALLS = 20_000


async def main() -> None:
    _, _, operation, count = row().split("-")
    in_flight = int(count)
    client = await nats.connect(URL)
    bucket = await client.jetstream().key_value(BUCKET)
    async with slipstream.connect(URL) as conn:
        store = await conn.store(BUCKET)

        async def get(key: str) -> None:
            entry = await store.get(key)
            assert entry is not None and len(entry.value) == len(VALUE)

        async def get_peer(key: str) -> None:
            entry = await bucket.get(key)
            assert entry.value is not None and len(entry.value) == len(VALUE)

        async def put(key: str) -> None:
            await store.put(key, VALUE)

        async def put_peer(key: str) -> None:
            await bucket.put(key, VALUE)

        ours, peer = (get, get_peer) if operation == "get" else (put, put_peer)
        for number in range(rounds()):
            keys = sample(CALLS, number)
            for who, call in (("slipstream", ours), ("nats-py", peer)):
                calls = Calls(keys, in_flight, call)
                await measure(row(), who, number, CALLS, calls.run)
    await client.close()


class Calls:
    """A call for each key, so many of them at any time."""

    def __init__(
        self, keys: list[str], in_flight: int, call: Callable[[str], Awaitable[None]]
    ) -> None:
        self._keys = iter(keys)
        self._in_flight = in_flight
        self._call = call

    async def run(self) -> None:
        await asyncio.gather(*(self._in_turn() for _ in range(self._in_flight)))

    async def _in_turn(self) -> None:
        for key in self._keys:
            await self._call(key)


asyncio.run(main())
