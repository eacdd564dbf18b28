"""`get` on a nats-server, one at a time, on asyncio's own event loop or on uvloop."""

import asyncio

import uvloop
from measure import measure_each, rounds, row
from nats_data import sample
from nats_gets import gets

GETS = 2_000
WARM_UP = 500
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


async def main() -> None:
    async with gets() as (ours, peer):
        for key in sample(WARM_UP, rounds()):
            await ours(key)
            await peer(key)
        for number in range(rounds()):
            keys = sample(GETS, number)
            await measure_each(row(), "slipstream", number, keys, ours)
            await measure_each(row(), "nats-py", number, keys, peer)


with asyncio.Runner(loop_factory=LOOPS[row().rpartition("-")[2]]) as runner:
    runner.run(main())
