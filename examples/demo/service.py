"""The Python service of the demo. `run.py` tells it what to do, one JSON line at a time."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import slipstream


class Service:
    """What the service can do with the shared store."""

    def __init__(self, store: slipstream.Store) -> None:
        self.store = store

    async def put(self, key: str, value: str) -> str:
        # Said first, or a watch elsewhere may tell of it sooner.
        say(f"put {key} = {value}")
        version = await self.store.put(key, value.encode())
        return version.hex()

    async def read(self, key: str) -> list[str]:
        entry = await self.store.get(key)
        assert entry is not None
        say(f"get {key} -> {entry.value.decode()}")
        return [entry.value.decode(), entry.version.hex()]

    async def update(self, key: str, value: str, version: str) -> str:
        try:
            await self.store.update(key, value.encode(), slipstream.Version(bytes.fromhex(version)))
        except slipstream.RevisionMismatch as error:
            say(f"update {key} = {value} -> {error.code}: somebody was faster")
            return error.code
        say(f"update {key} = {value} -> done")
        return "done"

    async def queue(self, count: int) -> None:
        """Writes `count` jobs, one after the other."""
        for number in range(count):
            await self.store.put(f"job.{number:04}", b"work")

    async def handle(self, cursor_file: str, handled_file: str, last: str) -> int:
        """Handles jobs from the saved cursor on, up to the job `last`."""
        handled = 0
        cursor = slipstream.Cursor(Path(cursor_file).read_bytes())
        with Path(handled_file).open("a") as log:
            async with self.store.watch("job.", cursor=cursor) as watch:
                async for update in watch:
                    log.write(update.key + "\n")
                    handled += 1
                    if update.key == last:
                        break
        say(f"handled {handled} jobs, up to {last}")
        return handled


def say(text: str) -> None:
    print(json.dumps({"say": text}), flush=True)


async def commands() -> AsyncIterator[dict[str, Any]]:
    """The commands of `run.py`, until it closes our standard input."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        yield json.loads(line)


async def main(url: str) -> None:
    async with slipstream.connect(url) as conn:
        service = Service(await conn.store("demo"))
        async for command in commands():
            answer = await getattr(service, command["do"])(*command["with"])
            print(json.dumps({"answer": answer}), flush=True)


asyncio.run(main(sys.argv[1]))
