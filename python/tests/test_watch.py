"""Watches through the async classes."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

import slipstream
from slipstream import Delete, Purge, Put, Update, _debug

from .conftest import OpenStore

# A cursor after the version 1000, of whatever store (docs/formats.md).
AHEAD = slipstream.Cursor(bytes([1, 8]) + bytes(16) + (1000).to_bytes(8))


async def read(watch: slipstream.Watch, count: int) -> list[Update]:
    return [await anext(watch) for _ in range(count)]


async def test_s1_state_first_and_then_live(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("nodes")
        a = await store.put("a", b"1")
        b = await store.put("b", b"2")
        await store.delete("b")
        async with store.watch("") as watch:
            first = await anext(watch)
            assert first == Put("a", b"1", a)
            second = await anext(watch)
            assert isinstance(second, Delete)
            assert second.key == "b"
            assert second.version > b
            purging = asyncio.create_task(store.purge("a"))
            assert isinstance(await anext(watch), Purge)
            await purging


async def test_s3_synced_on_an_empty_store_and_one_with_deletes(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("nodes")
        async with store.watch("") as watch:
            assert not watch.is_synced
            await watch.synced()
            assert watch.is_synced
        await store.put("a", b"1")
        await store.delete("a")
        async with store.watch("") as watch:
            await watch.synced()
            assert watch.is_synced
            assert isinstance(await anext(watch), Delete)


async def test_s3_synced_waits_beside_a_reader(open_store: OpenStore) -> None:
    async with open_store() as store, store.watch("") as watch:
        reader = asyncio.create_task(anext(watch))
        await watch.synced()
        await store.put("k", b"v")
        assert (await reader).key == "k"


async def test_s4_a_cursor_resumes_after_what_was_handled(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("nodes")
        for i in range(20):
            await store.put(f"k.{i:02}", b"v")
        async with store.watch("") as watch:
            assert watch.cursor == b""
            handled = await read(watch, 7)
            saved = watch.cursor
            assert saved == handled[-1].cursor
            assert type(saved) is bytes
        assert watch.cursor == saved
        async with store.watch("", cursor=saved) as watch:
            assert watch.cursor == saved
            assert [update.key for update in await read(watch, 13)] == [
                f"k.{i:02}" for i in range(7, 20)
            ]
        async with store.watch("", cursor=handled[2].cursor) as watch:
            assert (await anext(watch)).key == "k.03"
        with pytest.raises(slipstream.InvalidArgument, match="names no store"):
            store.watch("", cursor=slipstream.Cursor(handled[2].version))


async def test_s4_the_cursor_after_everything_waits_for_the_next_write(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("nodes")
        await store.put("other.k", b"v")
        async with store.watch("mine.") as watch:
            await watch.synced()
            reader = asyncio.create_task(anext(watch))
            await asyncio.sleep(0)
            await store.put("mine.k", b"v")
            await reader
            saved = watch.cursor
        async with store.watch("", cursor=saved) as watch:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(watch), 0.05)
            await store.put("next", b"v")
            assert (await anext(watch)).key == "next"


async def test_s5_a_cursor_ahead_of_the_store_has_expired(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.put("k", b"v")
        watch = store.watch("", cursor=AHEAD)
        for _ in range(2):
            with pytest.raises(slipstream.CursorExpired) as caught:
                await anext(watch)
            assert caught.value.store == "test"


async def test_s6_prefixes_are_one_exact_union(open_store: OpenStore) -> None:
    async with open_store() as store:
        for key in ("node", "node.a", "nodeX", "edge.a", "other"):
            await store.put(key, b"v")
        async with store.watch("node.", "edge.", "node.a", "edge.") as watch:
            await watch.synced()
            assert sorted(update.key for update in await read(watch, 2)) == ["edge.a", "node.a"]
        for none in (store.watch([]), store.watch(keys=()), store.watch([], iter(()))):
            assert [update async for update in none] == []


async def test_s6_prefixes_and_keys_come_in_any_iterable(open_store: OpenStore) -> None:
    async with open_store() as store:
        for key in ("a.1", "b.1", "c.1", "d"):
            await store.put(key, b"v")

        async def told(watch: slipstream.Watch, count: int) -> list[str]:
            async with watch:
                return [update.key for update in await read(watch, count)]

        assert await told(store.watch(), 4) == ["a.1", "b.1", "c.1", "d"]
        assert await told(store.watch(["a.", "c."]), 2) == ["a.1", "c.1"]
        assert await told(store.watch("a.", {"c."}, (p for p in ["b."])), 3) == [
            "a.1",
            "b.1",
            "c.1",
        ]
        assert await told(store.watch(keys={"d": 1, "c.1": 2}), 2) == ["c.1", "d"]
        assert await told(store.watch("a.", keys=["d"]), 2) == ["a.1", "d"]


async def test_x7_what_is_no_prefixes_and_no_keys_is_refused(open_store: OpenStore) -> None:
    async with open_store() as store:
        wrong: Any = store
        for prefixes, keys, named in (
            ((1,), None, "prefixes must be an iterable of str, not int"),
            ((b"a",), None, "prefixes must be an iterable of str, not of int"),
            ((["a", ["b"]],), None, "prefixes must be an iterable of str, not of list"),
            ((), "a", "keys must be an iterable of str, not one str"),
            ((), [None], "keys must be an iterable of str, not of NoneType"),
        ):
            with pytest.raises(TypeError, match=named):
                wrong.watch(*prefixes, keys=keys)
        with pytest.raises(slipstream.InvalidArgument, match="wildcard") as caught:
            store.watch(keys=["fine", "a.*"])
        assert caught.value.key == "a.*"


async def test_s9_a_watch_left_by_break_goes_on_where_it_stood(open_store: OpenStore) -> None:
    async with open_store() as store:
        for i in range(6):
            await store.put(f"k.{i}", b"v")
        seen: list[str] = []
        async with store.watch("") as watch:
            for _ in range(3):
                async for update in watch:
                    seen.append(update.key)
                    if len(seen) % 2 == 0:
                        break
            assert seen == [f"k.{i}" for i in range(6)]
            watch.close()
            assert [update async for update in watch] == []
        assert _debug.live()["watches"] == 1
        del watch
        assert _debug.live()["watches"] == 0


async def test_s9_close_ends_a_waiting_reader(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = store.watch("")
        reader = asyncio.create_task(anext(watch, "ended"))
        await asyncio.sleep(0)
        await watch.close()
        assert await reader == "ended"
        assert await anext(watch, "ended") == "ended"
        assert _debug.live()["operations"] == 0


async def test_s9_a_thousand_abandoned_watches_leave_nothing(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.put("k", b"v")
        for i in range(1000):
            watch = store.watch("")
            if i % 2:
                await anext(watch)
            with pytest.warns(ResourceWarning):
                del watch
        assert _debug.live()["watches"] == 0
        assert _debug.live()["operations"] == 0


async def test_s9_a_watch_that_is_not_closed_is_warned_about(open_store: OpenStore) -> None:
    async with open_store() as store:
        with pytest.warns(ResourceWarning) as caught:
            store.watch("")  # here
        warning = caught[0]
        assert "unclosed watch of store" in str(warning.message)
        assert warning.filename == __file__
        lines = Path(__file__).read_text(encoding="utf-8").splitlines()
        assert lines[warning.lineno - 1].endswith("# here")


async def test_s9_a_watch_that_was_closed_or_has_ended_is_not(
    open_store: OpenStore, recwarn: pytest.WarningsRecorder
) -> None:
    async with open_store() as store:
        store.watch("").close()
        assert [update async for update in store.watch([])] == []
        expired = store.watch("", cursor=AHEAD)
        with pytest.raises(slipstream.CursorExpired):
            await anext(expired)
        del expired
        gc.collect()
    assert len(recwarn) == 0


async def test_two_readers_at_once_are_an_error(open_store: OpenStore) -> None:
    async with open_store() as store, store.watch("") as watch:
        first = asyncio.create_task(anext(watch))
        await asyncio.sleep(0)
        with pytest.raises(slipstream.OperationFailed, match="being read already"):
            await anext(watch)
        await store.put("k", b"v")
        assert (await first).key == "k"
        await store.put("l", b"v")
        assert (await anext(watch)).key == "l"


async def test_batches_and_updates_of_one_watch(open_store: OpenStore) -> None:
    async with open_store() as store:
        for i in range(10):
            await store.put(f"k.{i}", b"v")
        async with store.watch("") as watch:
            first = await anext(watch)
            rest = await anext(watch.batches())
            assert [update.key for update in [first, *rest]] == [f"k.{i}" for i in range(10)]
            assert watch.cursor == rest[-1].cursor
            await store.put("last", b"v")
            async for batch in watch.batches():
                assert [update.key for update in batch] == ["last"]
                break


async def test_s2_a_hundred_thousand_updates_in_order(open_store: OpenStore) -> None:
    async with open_store() as store, store.watch("") as watch:
        count = 100_000

        async def write() -> None:
            for i in range(count):
                await store.put(f"k.{i:06}", b"v")
                if i % 1000 == 0:
                    await asyncio.sleep(0)

        writer = asyncio.create_task(write())
        last = b""
        for i in range(count):
            update = await anext(watch)
            assert update.key == f"k.{i:06}"
            assert update.version > last
            last = update.version
        await writer


async def test_w5_expiry_is_one_purge(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("leases")
        async with store.watch("") as watch:
            await store.put("k", b"v", ttl=0.2)
            # A reader that is late may be told of the removal alone.
            told = [await asyncio.wait_for(anext(watch), 5)]
            if isinstance(told[0], Put):
                told.append(await asyncio.wait_for(anext(watch), 5))
            assert isinstance(told[-1], Purge)
            await store.put("next", b"v")
            assert (await anext(watch)).key == "next"


async def test_a_watch_in_use_is_not_collected(open_store: OpenStore) -> None:
    async with open_store() as store:
        updates: list[Any] = []

        async def follow() -> None:
            async with store.watch("") as watch:
                while True:
                    updates.append(await anext(watch))

        task = asyncio.create_task(follow())
        reference = weakref.ref(task)
        await asyncio.sleep(0)
        del task
        gc.collect()
        await store.put("k", b"v")
        async with asyncio.timeout(5):
            while not updates:
                await asyncio.sleep(0.001)
        follower = reference()
        assert follower is not None
        follower.cancel()
        with pytest.raises(asyncio.CancelledError):
            await follower
