"""Folds what a watch tells into a table, up to a key that is the last."""

import asyncio
import json
import sys

import slipstream

LAST = "end"


async def main(url: str, cursor: str) -> None:
    table: dict[str, str] = {}
    # Of each update: its version and the position after it.
    seen: list[tuple[str, str]] = []
    async with slipstream.connect(url) as connection:
        store = await connection.store("counters")
        async with store.watch("", cursor=slipstream.Cursor(bytes.fromhex(cursor))) as watch:
            print(json.dumps("watching"), flush=True)
            async for update in watch:
                assert isinstance(update, slipstream.Put)
                seen.append((update.version.hex(), update.cursor.hex()))
                table[update.key] = update.value.decode()
                if update.key == LAST:
                    break
    print(json.dumps({"table": table, "seen": seen}))


asyncio.run(main(sys.argv[1], sys.argv[2]))
