"""Makes whatever calls it is told to, on one connection and store at a time."""

import asyncio
import gc
import sys
from pathlib import Path
from typing import Any

import slipstream

sys.path.insert(0, str(Path(__file__).parents[2]))

from kit.programs.answers import answer_calls


class Caller:
    """Watches have names; one that is not told is the watch named ""."""

    connection: slipstream.Connection
    opened: slipstream.Store

    def __init__(self) -> None:
        self.watches: dict[str, slipstream.Watch] = {}

    async def connect(self, url: str, **options: Any) -> None:
        self.connection = await slipstream.connect(url, **options)

    async def store(self, name: str, **options: Any) -> None:
        self.opened = await self.connection.store(name, **options)

    def is_healthy(self) -> bool:
        return self.connection.is_healthy()

    def shown(self) -> list[str]:
        """What people may get to see of the connection."""
        return [self.connection.url, repr(self.connection), repr(vars(self))]

    async def close(self) -> None:
        await self.connection.close()

    async def put_many(
        self, prefix: str, count: int, value: bytes, at_once: int = 64, keys: int | None = None
    ) -> None:
        """So many puts, of so many keys in turn."""
        numbers = iter(range(count))

        async def put() -> None:
            for number in numbers:
                await self.opened.put(f"{prefix}{number % (keys or count)}", value)

        await asyncio.gather(*(put() for _ in range(at_once)))

    def watch(self, *prefixes: str, name: str = "", **options: Any) -> None:
        self.watches[name] = self.opened.watch(*prefixes, **options)

    async def synced(self, name: str = "") -> None:
        await self.watches[name].synced()

    async def next(self, count: int, name: str = "") -> list[Any]:
        return [await anext(self.watches[name]) for _ in range(count)]

    async def until(self, key: str, name: str = "") -> list[Any]:
        """What a watch hands out, up to a key."""
        updates: list[Any] = []
        async for update in self.watches[name]:
            updates.append({"key": update.key, "version": update.version})
            if update.key == key:
                break
        return updates

    async def rest(self, name: str = "") -> dict[str, Any]:
        """What a watch still hands out, and the error that it ends with."""
        updates: list[Any] = []
        try:
            async for update in self.watches[name]:
                updates.append({"key": update.key, "version": update.version})
        except slipstream.KvError as error:
            return {"updates": updates, "ended": error.code}
        return {"updates": updates, "ended": None}

    def cursor(self, name: str = "") -> bytes:
        return self.watches[name].cursor

    def close_watch(self, name: str = "") -> None:
        self.watches.pop(name).close()

    def read_file(self, path: str) -> int:
        """Opens, reads and closes a file, as a backup does; its length."""
        return len(Path(path).read_bytes())

    async def abandon(self, count: int) -> None:
        """Opens so many watches, and forgets them without closing any."""
        watches = [self.opened.watch("") for _ in range(count)]
        await asyncio.gather(*(watch.synced() for watch in watches))
        del watches
        gc.collect()

    async def call(self, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
        method = getattr(self, name, None) or getattr(self.opened, name)
        answer = method(*arguments, **options)
        return await answer if hasattr(answer, "__await__") else answer


def plain(value: Any) -> Any:
    match value:
        case slipstream.Entry(key, content, version):
            return {"key": key, "value": content, "version": version}
        case slipstream.Put() | slipstream.Delete() | slipstream.Purge():
            return {
                "type": type(value).__name__.lower(),
                "key": value.key,
                "value": getattr(value, "value", None),
                "version": value.version,
                "cursor": value.cursor,
            }
        case _:
            return value


asyncio.run(answer_calls(Caller().call, plain))
