"""A watch as a scenario reads it, each update checked against what holds for every watch."""

import asyncio
from typing import Any

import slipstream

from .blocking import take

PATIENCE = 10.0
QUIET = 0.15
# How many updates are read with the patience for one.
TOGETHER = 1000


class Watching:
    """An open watch, or why it could not be opened."""

    def __init__(self, watch: Any, failed: slipstream.KvError | None, prefixes: list[str]) -> None:
        self.watch = watch
        self.failed = failed
        self.prefixes = prefixes
        self.state: dict[str, bytes] = {}
        self.last: bytes | None = None
        self.reading: asyncio.Task[Any] | None = None

    async def update(self, within: float = PATIENCE) -> Any:
        """The next update, which must come."""
        return self.check(await asyncio.wait_for(self.next(), within))

    async def updates(self, count: int) -> list[Any]:
        """The next updates, which must come."""
        # The first finishes a read that was given up before.
        read = [await self.update()]
        while len(read) < count:
            wanted = min(count - len(read), TOGETHER)
            taken = await asyncio.wait_for(take(self.watch, wanted), PATIENCE)
            assert len(taken) == wanted, "the watch ended"
            read.extend(self.check(update) for update in taken)
        return read

    async def end(self, after_updates: bool, within: float) -> slipstream.KvError | None:
        """How the watch ends, which must be next, or come after updates."""
        while True:
            try:
                update = await asyncio.wait_for(self.next(), within)
            except StopAsyncIteration:
                return None
            except slipstream.KvError as error:
                return error
            assert after_updates, f"got {update!r} instead of the end"
            self.check(update)

    async def quiet(self) -> None:
        """Waits a little for nothing to come."""
        try:
            update = await asyncio.wait_for(self.next(), QUIET)
        except TimeoutError:
            return
        raise AssertionError(f"got {update!r} instead of nothing")

    async def synced(self) -> None:
        await asyncio.wait_for(self.watch.synced(), PATIENCE)
        assert self.watch.is_synced

    async def close(self) -> None:
        if self.watch is not None:
            await self.watch.close()

    async def next(self) -> Any:
        """One read. If it is given up, it goes on, and the next one waits for it: a thread that
        blocks cannot be taken back."""
        if self.failed is not None:
            raise self.failed
        if self.reading is None:
            self.reading = asyncio.ensure_future(self.read())
        kind, value = await asyncio.shield(self.reading)
        self.reading = None
        if kind == "update":
            return value
        raise value

    async def read(self) -> tuple[str, Any]:
        # Outcomes are values, so that a read nobody waits for any more ends without a complaint.
        try:
            return "update", await self.watch.__anext__()
        except (StopAsyncIteration, slipstream.KvError) as end:
            return "end", end

    def check(self, update: Any) -> Any:
        """Every update is of a key asked for (S6) and newer than all before it (S2)."""
        assert any(update.key.startswith(prefix) for prefix in self.prefixes), repr(update)
        assert self.last is None or self.last < update.version, f"{update!r} after {self.last!r}"
        self.last = update.version
        if isinstance(update, slipstream.Put):
            self.state[update.key] = update.value
        else:
            self.state.pop(update.key, None)
        return update


def fits(update: Any, expected: list[bytes]) -> bool:
    """Whether an update is the ``[kind, key, value]`` that a scenario expects."""
    kind, key, *value = expected
    kinds = {
        slipstream.Put: (b"put",),
        slipstream.Delete: (b"delete", b"gone"),
        slipstream.Purge: (b"purge", b"gone", str(getattr(update, "reason", None)).encode()),
    }[type(update)]
    told = [update.value] if isinstance(update, slipstream.Put) else []
    return kind in kinds and update.key.encode() == key and told == value
