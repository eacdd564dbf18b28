"""A watch as a scenario reads it, each update checked against what holds for every watch."""

import asyncio
from dataclasses import dataclass
from typing import Any

import slipstream

from .blocking import take

PATIENCE = 10.0
QUIET = 0.15
# How many updates are read with the patience for one.
TOGETHER = 1000


@dataclass
class Asked:
    """What a watch is asked for; without prefixes and keys it is everything (S6)."""

    prefixes: list[str] | None
    keys: list[str] | None

    def watch(self, store: Any, cursor: bytes | None, *, listed: bool) -> Any:
        """Opens it, with the prefixes as several arguments or in an iterable."""
        prefixes: list[Any] = self.prefixes or []
        if listed or self.prefixes == []:
            prefixes = [iter(prefixes)]
        keys = None if self.keys is None else iter(self.keys)
        return store.watch(*prefixes, keys=keys, cursor=cursor)

    def has(self, key: str) -> bool:
        if self.prefixes is None and self.keys is None:
            return True
        return key in (self.keys or []) or key.startswith(tuple(self.prefixes or []))


class Watching:
    """An open watch, or why it could not be opened."""

    def __init__(self, watch: Any, failed: slipstream.KvError | None, asked: Asked) -> None:
        self.watch = watch
        self.failed = failed
        self.asked = asked
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
        assert self.asked.has(update.key), repr(update)
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
