"""Reads of a thousand keys: `get_many`, and as many `get`s in flight on the same client."""

import asyncio

import slipstream
from in_flight import InFlight
from measure import VALUE, measure, rounds
from nats_data import BUCKET, URL, sample

ROW = "nats-python-many"
KEYS = 1_000
TURNS = 20
WARM_UP = 2


async def main() -> None:
    async with slipstream.connect(URL) as conn:
        store = await conn.store(BUCKET)

        async def get(key: str) -> None:
            entry = await store.get(key)
            assert entry is not None and len(entry.value) == len(VALUE)

        async def many() -> None:
            for keys in turns:
                for entry in await store.get_many(keys):
                    assert entry is not None and len(entry.value) == len(VALUE)

        async def each() -> None:
            for keys in turns:
                await InFlight(keys, KEYS, get).run()

        turns = [sample(KEYS, turn) for turn in range(WARM_UP)]
        await many()
        await each()
        for number in range(rounds()):
            turns = [sample(KEYS, number * TURNS + turn) for turn in range(TURNS)]
            await measure(ROW, "slipstream get_many", number, TURNS * KEYS, many)
            await measure(ROW, "slipstream, 1,000 gets in flight", number, TURNS * KEYS, each)


asyncio.run(main())
