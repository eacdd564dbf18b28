"""Reads and writes without a pause until it is killed."""

import asyncio
import json
import sys

import slipstream

IN_FLIGHT = 16


async def main(url: str) -> None:
    async with slipstream.connect(url, timeout=60) as connection:
        store = await connection.store("state")
        await store.put("storm.0", b"0")
        print(json.dumps("going"), flush=True)

        async def go_on(name: str) -> None:
            while True:
                await store.put(name, bytes(1000))
                await store.scan("storm.")

        await asyncio.gather(*(go_on(f"storm.{index}") for index in range(IN_FLIGHT)))


asyncio.run(main(sys.argv[1]))
