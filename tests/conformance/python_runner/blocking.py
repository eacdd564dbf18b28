"""The blocking surface as one to await, so that one runner tells scenarios through both."""

import asyncio
import itertools
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# What blocks nobody is called where it is, and answers the same on both surfaces.
IMMEDIATE = {"watch", "is_healthy", "capabilities"}
END = object()

# More than the most calls that a scenario has at once; the standard pool has a handful.
THREADS = ThreadPoolExecutor(max_workers=256, thread_name_prefix="blocking")


class Blocking:
    """A blocking object whose every call is made in a thread of its own."""

    def __init__(self, blocking: Any) -> None:
        self._blocking = blocking

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._blocking, name)
        if not callable(found):
            return found
        if name in IMMEDIATE:
            return lambda *args, **options: wrapped(found(*args, **options))

        async def call(*args: Any, **options: Any) -> Any:
            return wrapped(await in_thread(lambda: found(*args, **options)))

        return call

    async def call_each(self, name: str, arguments: Iterable[tuple[Any, ...]]) -> None:
        """Makes one call after the other, in one thread."""
        found = getattr(self._blocking, name)

        def calls() -> None:
            for given in arguments:
                found(*given)

        await in_thread(calls)

    async def take(self, count: int) -> list[Any]:
        """The next updates of a watch, fewer if it ends."""
        taken: list[Any] = await in_thread(lambda: list(itertools.islice(self._blocking, count)))
        return taken

    async def __anext__(self) -> Any:
        update = await in_thread(lambda: next(self._blocking, END))
        if update is END:
            raise StopAsyncIteration
        return update


def wrapped(answer: Any) -> Any:
    """Wraps what has blocking calls of its own: connections, stores and watches."""
    return Blocking(answer) if hasattr(answer, "close") or hasattr(answer, "watch") else answer


async def call_each(target: Any, name: str, arguments: Iterable[tuple[Any, ...]]) -> None:
    """Makes one call after the other, on either surface."""
    if isinstance(target, Blocking):
        return await target.call_each(name, arguments)
    for given in arguments:
        await getattr(target, name)(*given)


async def take(watch: Any, count: int) -> list[Any]:
    """The next updates of a watch on either surface, fewer if it ends."""
    if isinstance(watch, Blocking):
        return await watch.take(count)
    taken: list[Any] = []
    async for update in watch:
        taken.append(update)
        if len(taken) == count:
            break
    return taken


async def in_thread(call: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(THREADS, call)
