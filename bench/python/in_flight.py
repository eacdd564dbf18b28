"""Calls of which so many are under way at any time."""

import asyncio
from collections.abc import Awaitable, Callable


class InFlight:
    """A call for each key, `count` of them under way at any time."""

    def __init__(self, keys: list[str], count: int, call: Callable[[str], Awaitable[None]]) -> None:
        self._keys = iter(keys)
        self._count = count
        self._call = call

    async def run(self) -> None:
        await asyncio.gather(*(self._in_turn() for _ in range(self._count)))

    async def _in_turn(self) -> None:
        for key in self._keys:
            await self._call(key)
