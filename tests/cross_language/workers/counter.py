"""Adds 1 to a counter as often as it is told, with nothing but ``get`` and ``update``."""

import asyncio
import json
import sys

import slipstream


async def main(url: str, times: int) -> None:
    async with slipstream.connect(url) as connection:
        store = await connection.store("counters")
        print(json.dumps("ready"), flush=True)
        sys.stdin.readline()
        conflicts = 0
        while times > 0:
            entry = await store.get("counter")
            assert entry is not None
            try:
                await store.update("counter", b"%d" % (int(entry.value) + 1), entry.version)
                times -= 1
            except slipstream.RevisionMismatch:
                conflicts += 1
        print(json.dumps({"conflicts": conflicts}), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
