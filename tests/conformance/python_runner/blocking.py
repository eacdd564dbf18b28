"""The blocking surface as one to await, so that one runner tells scenarios through both."""

import asyncio
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

    async def __anext__(self) -> Any:
        update = await in_thread(lambda: next(self._blocking, END))
        if update is END:
            raise StopAsyncIteration
        return update


def wrapped(answer: Any) -> Any:
    """Wraps what has blocking calls of its own: connections, stores and watches."""
    return Blocking(answer) if hasattr(answer, "close") or hasattr(answer, "watch") else answer


async def in_thread(call: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(THREADS, call)
