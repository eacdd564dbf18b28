"""`scan("")` of a hundred thousand keys, counted in entries."""

import asyncio

import slipstream
from measure import KEYS, VALUE, measure, rounds

ROW = "python-scan"


async def main() -> None:
    async with slipstream.connect("memory:") as conn:
        store = await conn.store("bench")
        for key in KEYS:
            await store.put(key, VALUE)
        table = dict.fromkeys(KEYS, VALUE)

        async def ours() -> None:
            entries = await store.scan("")
            assert len(entries) == len(KEYS)

        async def floor() -> None:
            assert len(sorted(table.items())) == len(KEYS)

        for number in range(rounds()):
            await measure(ROW, "slipstream", number, len(KEYS), ours)
            await measure(ROW, "sorted(dict.items())", number, len(KEYS), floor)


asyncio.run(main())
