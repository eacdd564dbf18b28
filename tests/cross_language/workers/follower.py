"""Handles updates until it is killed: notes each in one file, then saves its cursor in another."""

import asyncio
import os
import sys
from pathlib import Path

import slipstream


async def main(url: str, cursor_file: Path, handled_file: Path) -> None:
    handled = os.open(handled_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    aside = cursor_file.with_suffix(".new")
    saved = slipstream.Cursor(cursor_file.read_bytes()) if cursor_file.exists() else None
    async with slipstream.connect(url) as connection:
        store = await connection.store("jobs")
        async with store.watch("job.", cursor=saved) as watch:
            async for update in watch:
                os.write(handled, f"{update.key}\n".encode())
                # Written aside and renamed, so that a kill at any moment leaves a whole cursor.
                aside.write_bytes(update.cursor)
                aside.replace(cursor_file)


asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
