"""Waits in many watches, and tells how many of them heard of the first write."""

import asyncio
import json
import sys

import slipstream


async def main(url: str, count: int) -> None:
    async with slipstream.connect(url) as connection:
        store = await connection.store("state")
        watches = [store.watch("") for _ in range(count)]
        waits = [asyncio.ensure_future(anext(watch)) for watch in watches]
        await asyncio.gather(*(watch.synced() for watch in watches))
        print(json.dumps("watching"), flush=True)
        print(json.dumps(len(await asyncio.gather(*waits))), flush=True)
        for watch in watches:
            await watch.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
