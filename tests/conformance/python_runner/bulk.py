"""Steps of many operations, one after another or at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import slipstream

from .blocking import call_each
from .names import Names, Text
from .scenario import Step
from .world import World

IN_FLIGHT = 64


def many_key(prefix: str, index: int) -> str:
    """The key of one of many."""
    return f"{prefix}{index:06}"


def many_keys(prefix: str, count: int) -> list[str]:
    return [many_key(prefix, index) for index in range(count)]


class Bulk(World):
    """The steps of many operations."""

    call: Callable[..., Awaitable[Any]]
    run: Callable[[list[Step]], Awaitable[None]]
    names: Names

    async def do_put_many(
        self, *, prefix: str, count: int, value: Text | None = None, store: str = "main"
    ) -> None:
        given = None if value is None else self.names.octets(value)
        keys = many_keys(prefix, count)
        puts = [(key, given or str(index).encode()) for index, key in enumerate(keys)]
        await call_all(self.stores[store], "put", puts)

    async def do_delete_many(self, *, prefix: str, count: int, store: str = "main") -> None:
        deletes = [(key,) for key in many_keys(prefix, count)]
        await call_all(self.stores[store], "delete", deletes)

    async def do_race(self, *, tasks: int, step: Step, expect: dict[str, int]) -> None:
        """Runs one call as many tasks at once and counts how they end."""
        step = dict(step)
        kind = step.pop("do")

        async def one(task: int) -> str:
            try:
                await self.call(kind, self.names.with_name("task", str(task).encode()), **step)
            except slipstream.KvError as error:
                return error.code
            return "ok"

        ends = Counter(await asyncio.gather(*(one(task) for task in range(tasks))))
        assert ends == expect

    async def do_increment(self, *, key: str, tasks: int, times: int) -> None:
        """Counts a key up with get and update from several tasks at once (W2)."""
        store = self.stores["main"]

        async def count_up() -> None:
            done = 0
            while done < times:
                entry = await store.get(key)
                try:
                    await store.update(key, str(int(entry.value) + 1).encode(), entry.version)
                except slipstream.RevisionMismatch:
                    await asyncio.sleep(0)
                else:
                    done += 1

        await asyncio.gather(*(count_up() for _ in range(tasks)))

    async def do_while_overwriting(
        self, *, prefix: str, count: int, writers: int, steps: list[Step], store: str = "main"
    ) -> None:
        """Runs steps while tasks keep writing the same keys."""
        writer = self.stores[store]
        stop = asyncio.Event()

        async def write(first: int) -> None:
            index = first
            while not stop.is_set():
                key = many_key(prefix, index)
                await writer.put(key, key.encode())
                index = index + writers if index + writers < count else first
                await asyncio.sleep(0)

        tasks = [asyncio.ensure_future(write(first)) for first in range(writers)]
        try:
            await self.run(steps)
        finally:
            stop.set()
            await asyncio.gather(*tasks)


async def call_all(target: Any, name: str, arguments: list[tuple[Any, ...]]) -> None:
    shares = [arguments[first::IN_FLIGHT] for first in range(IN_FLIGHT)]
    await asyncio.gather(*(call_each(target, name, share) for share in shares))
