"""Steps about watches."""

import asyncio
import gc
import warnings
from typing import Any

import slipstream
from slipstream import _debug

from .bulk import many_keys as numbered_keys
from .expectation import check_error
from .names import Text
from .watching import PATIENCE, Asked, Watching, fits
from .world import World


class Watches(World):
    """The steps about watches."""

    async def do_watch(
        self,
        *,
        store: str = "main",
        save: str = "watch",
        prefixes: list[Text] | None = None,
        many: dict[str, Any] | None = None,
        listed: bool = False,
        keys: list[Text] | None = None,
        many_keys: dict[str, Any] | None = None,
        cursor: Text | None = None,
    ) -> None:
        """Opens a watch. If that fails it is the watch's end, for ``ends`` to find."""
        asked = Asked(self.each_of(prefixes, many), self.each_of(keys, many_keys))
        token = None if cursor is None else self.names.token(cursor)
        watch, failed = None, None
        try:
            watch = asked.watch(self.stores[store], token, listed=listed)
        except slipstream.KvError as error:
            failed = error
        self.watches[save] = Watching(watch, failed, asked)
        self.all_watches.append(self.watches[save])

    def each_of(self, texts: list[Text] | None, many: dict[str, Any] | None) -> list[str] | None:
        if many is not None:
            return numbered_keys(**many)
        return None if texts is None else [self.names.text(text) for text in texts]

    async def do_updates(
        self,
        *,
        expect: list[list[Text]],
        watch: str = "watch",
        any_order: bool = False,
        version: Text | None = None,
        within: float = PATIENCE,
        save: str | None = None,
    ) -> None:
        expected = [[self.names.octets(part) for part in parts] for parts in expect]
        watching = self.watching(watch)
        while expected:
            update = await watching.update(within)
            open_ = expected if any_order else expected[:1]
            found = next((parts for parts in open_ if fits(update, parts)), None)
            assert found is not None, f"got {update!r}"
            expected.remove(found)
        if version is not None:
            assert watching.last == self.names.token(version)
        self.save_cursor(watching, save)

    async def do_updates_many(
        self, *, prefix: str, count: int, watch: str = "watch", save: str | None = None
    ) -> None:
        """Reads the puts of put_many, each once, in whatever order they were written."""
        missing = set(numbered_keys(prefix, count))
        watching = self.watching(watch)
        for update in await watching.updates(count):
            assert isinstance(update, slipstream.Put), repr(update)
            assert update.key in missing, repr(update)
            missing.remove(update.key)
        assert not missing
        self.save_cursor(watching, save)

    async def do_fold(self, *, expect: dict[str, Text], watch: str = "watch") -> None:
        """Reads until the fold of all updates is the expected state."""
        expected = {key: self.names.octets(value) for key, value in expect.items()}
        watching = self.watching(watch)
        while watching.state != expected:
            await watching.update()

    async def do_settle(self, *, key: str, watch: str = "watch", partial: bool = False) -> None:
        """Reads until the key is told, and compares the fold with what the store reads."""
        watching = self.watching(watch)
        while (await watching.update()).key != key:
            pass
        stored = {
            entry.key: entry.value
            for entry in await self.stores["main"].scan()
            if watching.asked.has(entry.key) and (not partial or entry.key in watching.state)
        }
        assert watching.state == stored

    async def do_synced(self, *, watch: str = "watch") -> None:
        await self.watching(watch).synced()

    async def do_quiet(self, *, watch: str = "watch") -> None:
        await self.watching(watch).quiet()

    async def do_cursor(self, *, save: str, watch: str = "watch") -> None:
        self.save_cursor(self.watching(watch), save)

    async def do_close_watch(self, *, watch: str = "watch") -> None:
        await self.watching(watch).close()

    async def do_ends(
        self,
        *,
        watch: str = "watch",
        error: Any = None,
        after_updates: bool = False,
        within: float = PATIENCE,
    ) -> None:
        end = await self.watching(watch).end(after_updates, within)
        if error is None:
            assert end is None, repr(end)
        else:
            assert end is not None, f"ended normally instead of {error}"
            check_error(end, error, self.names)

    async def do_abandon_watches(
        self,
        *,
        count: int,
        read: bool,
        prefixes: list[Text] = [""],  # noqa: B006 - never changed
    ) -> None:
        """Opens watches and forgets them (S9): none is left within a second."""
        named = [self.names.text(prefix) for prefix in prefixes]
        gc.collect()
        before = _debug.live()["watches"]
        with warnings.catch_warnings():
            # That each is told to have been left open is asked of the package's own tests.
            warnings.simplefilter("ignore", ResourceWarning)
            kept = []
            for _ in range(count):
                watch = self.stores["main"].watch(*named)
                kept.append(watch)
                if read:
                    await watch.__anext__()
            assert _debug.live()["watches"] == before + count
            del watch, kept
            gc.collect()
            async with asyncio.timeout(1):
                while _debug.live()["watches"] > before:
                    await asyncio.sleep(0.01)

    def save_cursor(self, watching: Watching, save: str | None) -> None:
        cursor = watching.watch.cursor
        assert isinstance(cursor, bytes)
        if save is not None:
            self.names.saved[save] = cursor
