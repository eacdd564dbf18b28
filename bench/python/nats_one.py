"""`get` on a nats-server, one at a time, on asyncio's own event loop or on uvloop."""

import asyncio

import nats
import slipstream
import uvloop
from measure import VALUE, measure_each, rounds, row
from nats_data import BUCKET, URL, sample

GETS = 2_000
WARM_UP = 500
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


async def main() -> None:
    client = await nats.connect(URL)
    bucket = await client.jetstream().key_value(BUCKET)
    async with slipstream.connect(URL) as conn:
        store = await conn.store(BUCKET)

        async def ours(key: str) -> None:
            entry = await store.get(key)
            assert entry is not None and len(entry.value) == len(VALUE)

        async def peer(key: str) -> None:
            entry = await bucket.get(key)
            assert entry.value is not None and len(entry.value) == len(VALUE)

        for key in sample(WARM_UP, rounds()):
            await ours(key)
            await peer(key)
        for number in range(rounds()):
            keys = sample(GETS, number)
            await measure_each(row(), "slipstream", number, keys, ours)
            await measure_each(row(), "nats-py", number, keys, peer)
    await client.close()


with asyncio.Runner(loop_factory=LOOPS[row().rpartition("-")[2]]) as runner:
    runner.run(main())
