"""`async for` over a watch that has a million updates ready, each update's key and value read."""

import asyncio

import slipstream
from measure import VALUE, measure, rounds

ROW = "python-watch"
UPDATES = 1_000_000


async def main() -> None:
    async with slipstream.connect("memory:") as conn:
        store = await conn.store("bench")
        for number in range(UPDATES):
            await store.put(f"node.{number:07}", VALUE)

        async def items() -> None:
            left = UPDATES
            async with store.watch("") as watch:
                async for _ in watch:
                    left -= 1
                    if not left:
                        return

        async def fields() -> None:
            left = UPDATES
            async with store.watch("") as watch:
                async for update in watch:
                    _key, _value = update.key, update.value
                    left -= 1
                    if not left:
                        return

        async def batches() -> None:
            left = UPDATES
            async with store.watch("") as watch:
                async for batch in watch.batches():
                    left -= len(batch)
                    if not left:
                        return

        for number in range(rounds()):
            await measure(ROW, "slipstream", number, UPDATES, items)
            await measure(ROW, "slipstream, key and value read", number, UPDATES, fields)
            await measure(ROW, "slipstream, batches()", number, UPDATES, batches)


asyncio.run(main())
