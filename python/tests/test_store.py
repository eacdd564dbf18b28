"""Reads and writes through the async classes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

import slipstream
from slipstream import Entry


async def test_w1_w2_r1_the_main_path(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("nodes")
        assert await store.get("node.a") is None
        first = await store.put("node.a", b"10.0.0.1")
        second = await store.update("node.a", b"10.0.0.2", first)
        assert second > first
        assert await store.get("node.a") == Entry("node.a", b"10.0.0.2", second)
        with pytest.raises(slipstream.RevisionMismatch):
            await store.update("node.a", b"10.0.0.3", first)
        with pytest.raises(slipstream.AlreadyExists):
            await store.create("node.a", b"10.0.0.3")
        assert await store.delete("node.a") is True
        # W3: NATS does not look whether there was anything to delete.
        assert await store.delete("node.a") is url.startswith("nats:")
        assert await store.get("node.a") is None
        assert (await store.create("node.a", b"again")) > second


async def test_r1_get_many_answers_each_key_in_the_order_asked(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("nodes")
        one = Entry("a", b"1", await store.put("a", b"1"))
        two = Entry("b", b"\0\xff", await store.put("b", b"\0\xff"))
        await store.put("gone", b"x")
        await store.delete("gone")
        empty = Entry("empty", b"", await store.put("empty", b""))
        assert await store.get_many(["b", "never", "a", "gone", "a", "empty"]) == [
            two,
            None,
            one,
            None,
            one,
            empty,
        ]
        keys = {"b": 0, "c": 0, "a": 0}
        for iterable in (keys, keys.keys(), tuple(keys), iter(keys), (key for key in keys)):
            assert await store.get_many(iterable) == [two, None, one]
        found = await store.get_many({"a"})
        assert type(found) is list
        assert type(found[0]) is Entry
        assert await store.get_many([]) == []


async def test_r1_get_many_is_complete_at_any_size(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("many")
        names = [f"node.{i:05}" for i in range(20_000)]
        await asyncio.gather(*(store.put(name, name.encode()) for name in names[::2]))
        found = await store.get_many(names)
        assert [entry and entry.value.decode() for entry in found[::2]] == names[::2]
        assert found[1::2] == [None] * 10_000
        assert found[::2] == await store.scan()


async def test_r3_entry_shows_the_tombstone(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("nodes")
        version = await store.put("k", b"v")
        assert await store.delete_with_version("k", version) is True
        tombstone = await store.entry("k")
        assert tombstone is not None
        assert (tombstone.key, tombstone.value) == ("k", b"")
        assert tombstone.version > version
        await store.update("k", b"back", tombstone.version)
        await store.purge("k")
        assert await store.entry("k") is None


async def test_r4_keys_and_scan_are_sorted_and_complete(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("many")
        names = [f"node.{i:05}" for i in range(10_000)]
        async with asyncio.TaskGroup() as group:
            for name in reversed(names):
                group.create_task(store.put(name, name.encode()))
        await store.put("nodeX", b"other")
        assert await store.keys("node.") == names
        entries = await store.scan("node.")
        assert [entry.key for entry in entries] == names
        assert [entry.value for entry in entries] == [name.encode() for name in names]
        assert entries[7] == await store.get(names[7])
        assert len(await store.keys()) == len(await store.scan()) == len(names) + 1


async def test_w5_a_ttl_is_seconds_or_a_timedelta(url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("leases")
        await store.put("a", b"1", ttl=0.05)
        await store.create("b", b"1", ttl=timedelta(milliseconds=50))
        version = await store.put("c", b"1")
        await store.update("c", b"2", version, ttl=1)
        async with asyncio.timeout(10):
            while await store.keys():
                await asyncio.sleep(0.01)
        await store.create("a", b"2", ttl=60)
        assert await store.get("a") is not None


@pytest.mark.parametrize("value", [b"bytes", bytearray(b"bytes"), memoryview(b"-bytes-")[1:-1]])
async def test_values_are_anything_that_holds_bytes(
    value: bytes | bytearray | memoryview,
) -> None:
    async with slipstream.connect("memory:") as conn:
        store = await conn.store("values")
        version = await store.put("k", value)
        entry = await store.get("k")
        assert entry is not None
        assert type(entry.value) is bytes
        assert entry.value == b"bytes"
        view: Any = memoryview(version)
        await store.update("k", value, view)


async def test_l2_a_store_is_opened_with_its_options() -> None:
    async with slipstream.connect("memory:") as conn:
        store = await conn.store(
            "bounded",
            storage="memory",
            max_history=3,
            max_age=timedelta(hours=1),
            max_bytes=1000,
            num_replicas=1,
            discard="new",
        )
        with pytest.raises(slipstream.LimitExceeded) as caught:
            await store.put("k", b"x" * 2000)
        assert caught.value.key == "k"
        assert store.name == "bounded"


async def test_connections_to_one_memory_name_share_it() -> None:
    async with (
        slipstream.connect("memory:shared") as one,
        slipstream.connect("memory:shared") as two,
    ):
        await (await one.store("s")).put("k", b"v")
        assert await (await two.store("s")).keys() == ["k"]


async def test_l5_after_close_every_handle_is_not_connected(url: str) -> None:
    conn = await slipstream.connect(url)
    store = await conn.store("s")
    watch = store.watch("")
    waiting = asyncio.create_task(anext(watch))
    await asyncio.sleep(0)
    assert conn.is_healthy()
    await conn.close()
    await conn.close()
    assert not conn.is_healthy()
    with pytest.raises(slipstream.NotConnected):
        await waiting
    with pytest.raises(slipstream.NotConnected):
        await store.get("k")
    with pytest.raises(slipstream.NotConnected):
        await store.put("k", b"v")
    with pytest.raises(slipstream.NotConnected):
        await conn.store("other")
    with pytest.raises(slipstream.NotConnected):
        store.watch("")


async def test_capabilities_and_representations() -> None:
    async with slipstream.connect("memory:") as conn:
        can = conn.capabilities()
        assert (can.cas, can.ttl, can.purge, can.prefix_watch) == (True, True, True, True)
        store = await conn.store("nodes")
        assert repr(conn) == '<slipstream.Connection to "memory:">'
        assert repr(store) == '<slipstream.Store "nodes">'
        async with store.watch("") as watch:
            await watch.synced()
            assert repr(watch) == '<slipstream.Watch of "nodes", synced>'


async def test_connect_may_be_awaited_entered_or_made_a_task() -> None:
    awaited = await slipstream.connect("memory:")
    task = asyncio.create_task(slipstream.connect("memory:"))
    async with slipstream.connect("memory:") as entered:
        assert awaited.url == entered.url == (await task).url == "memory:"
    assert not entered.is_healthy()
    await awaited.close()
    await task.result().close()
