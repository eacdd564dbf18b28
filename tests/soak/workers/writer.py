"""Writes key after key until its input ends, and tells the versions that were acknowledged."""

import asyncio
import json
import sys

import slipstream

IN_FLIGHT = 4
PAUSE = 0.005


async def main(url: str) -> None:
    versions: list[int] = []
    async with slipstream.connect(url, timeout=60) as connection:
        store = await connection.store("soak")
        stop = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        print(json.dumps("writing"), flush=True)

        async def write(key: str) -> None:
            while True:
                try:
                    version = await store.put(key, b"v" * 100)
                except slipstream.ConnectionFailed:
                    # Whether it was written is unknown: the key is written again.
                    continue
                versions.append(int.from_bytes(version, "big"))
                return

        async def go_on(name: int) -> None:
            turn = 0
            while not stop.done():
                await write(f"w.{name}.{turn}")
                turn += 1
                await asyncio.sleep(PAUSE)

        await asyncio.gather(*(go_on(name) for name in range(IN_FLIGHT)))
        await write("end")
    print(json.dumps(versions), flush=True)


asyncio.run(main(sys.argv[1]))
