"""Puts keys that start with a prefix, several at a time, and notes each when it is acknowledged."""

import asyncio
import json
import os
import sys

import slipstream

IN_FLIGHT = 8


async def main(url: str, name: str, prefix: str, count: int, acknowledged_file: str) -> None:
    acknowledged = os.open(acknowledged_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    numbers = iter(range(count))
    async with slipstream.connect(url) as connection:
        store = await connection.store(name)
        print(json.dumps("ready"), flush=True)

        async def put() -> None:
            for number in numbers:
                key = f"{prefix}{number}"
                await store.put(key, f"value of {key}".encode())
                os.write(acknowledged, f"{key}\n".encode())

        await asyncio.gather(*(put() for _ in range(IN_FLIGHT)))
        print(json.dumps("done"), flush=True)


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]))
