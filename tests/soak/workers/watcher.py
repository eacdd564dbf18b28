"""Notes the version of every update up to the key that is the last."""

import asyncio
import json
import sys

import slipstream
from slipstream import _debug


async def main(url: str) -> None:
    seen: list[int] = []
    async with slipstream.connect(url, timeout=60) as connection:
        store = await connection.store("soak")
        async with store.watch("") as watch:
            print(json.dumps("watching"), flush=True)
            async for update in watch:
                seen.append(int.from_bytes(update.version, "big"))
                if update.key == "end":
                    break
        del watch
        print(json.dumps({"seen": seen, "live": _debug.live()}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main(sys.argv[1]))
