"""The same classes, blocking."""

from __future__ import annotations

import inspect
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

import slipstream
import slipstream.sync
from slipstream import Delete, Entry, Purge, Put, _debug


def test_w1_w2_r1_the_main_path(url: str) -> None:
    with slipstream.sync.connect(url, timeout=timedelta(seconds=4)) as conn:
        store = conn.store("nodes")
        assert store.get("node.a") is None
        first = store.put("node.a", b"1")
        second = store.update("node.a", b"2", first)
        assert store.get("node.a") == Entry("node.a", b"2", second)
        with pytest.raises(slipstream.RevisionMismatch):
            store.update("node.a", b"3", first)
        with pytest.raises(slipstream.AlreadyExists):
            store.create("node.a", b"3")
        assert store.keys("node") == ["node.a"]
        assert store.scan() == [Entry("node.a", b"2", second)]
        assert store.get_many(["node.b", "node.a"]) == [None, Entry("node.a", b"2", second)]
        with pytest.raises(TypeError, match="one str"):
            store.get_many("node.a")
        assert store.delete_with_version("node.a", second) is True
        assert store.entry("node.a") is not None
        # W3: NATS does not look whether there was anything to delete.
        assert store.delete("node.a") is url.startswith("nats:")
        store.purge("node.a")
        assert store.entry("node.a") is None
        store.create("lease", b"me", ttl=60)
        assert conn.is_healthy()
        assert conn.capabilities().ttl
        assert repr(store) == '<slipstream.sync.Store "nodes">'
    assert not conn.is_healthy()
    with pytest.raises(slipstream.NotConnected):
        store.get("node.a")


def test_s1_s4_a_watch_is_an_iterator(url: str) -> None:
    with slipstream.sync.connect(url) as conn:
        store = conn.store("nodes")
        store.put("a", b"1")
        store.put("b", b"2")
        store.delete("b")
        with store.watch("") as watch:
            watch.synced()
            assert watch.is_synced
            assert isinstance(next(watch), Put)
            saved = watch.cursor
            for update in watch:
                assert isinstance(update, Delete)
                break
            store.purge("a")
            assert isinstance(next(watch), Purge)
        assert list(watch) == []
        with store.watch("", cursor=saved) as watch:
            assert {update.key for update in next(watch.batches())} == {"a", "b"}
        assert list(store.watch([])) == []


def test_another_thread_closes_a_watch_that_blocks() -> None:
    with slipstream.sync.connect("memory:") as conn:
        watch = conn.store("s").watch("")
        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(list, watch)
            while _debug.live()["operations"] == 0:
                time.sleep(0.001)
            with pytest.raises(slipstream.OperationFailed, match="being read already"):
                next(watch)
            watch.close()
            assert reader.result(10) == []


def test_l5_closing_the_connection_ends_a_watch_that_blocks() -> None:
    conn = slipstream.sync.connect("memory:")
    watch = conn.store("s").watch("")
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(next, watch)
        while _debug.live()["operations"] == 0:
            time.sleep(0.001)
        conn.close()
        with pytest.raises(slipstream.NotConnected):
            reader.result(10)


def test_threads_share_a_connection_and_one_counter(url: str) -> None:
    with slipstream.sync.connect(url) as conn:
        store = conn.store("s")
        store.put("n", b"0")

        def add(times: int) -> None:
            for _ in range(times):
                while True:
                    entry = store.get("n")
                    assert entry is not None
                    value = str(int(entry.value) + 1).encode()
                    try:
                        store.update("n", value, entry.version)
                    except slipstream.RevisionMismatch:
                        continue
                    break

        threads = [threading.Thread(target=add, args=(50,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        entry = store.get("n")
        assert entry is not None
        assert entry.value == b"400"


def test_a_blocked_call_lets_other_threads_run() -> None:
    with slipstream.sync.connect("memory:") as conn:
        store = conn.store("s")
        with store.watch("") as watch, ThreadPoolExecutor(1) as pool:
            reader = pool.submit(next, watch)
            for _ in range(100):
                time.sleep(0)
            store.put("k", b"v")
            assert reader.result(10).key == "k"


def test_both_kinds_have_the_same_methods() -> None:
    for name in ("Connection", "Store", "Watch"):
        awaited, blocking = getattr(slipstream, name), getattr(slipstream.sync, name)
        assert public(awaited) == public(blocking)
        assert all(inspect.getdoc(member) for member in public(awaited).values())
        assert inspect.getdoc(awaited)
        assert inspect.getdoc(blocking)
        assert (awaited.__module__, awaited.__qualname__) == ("slipstream", name)
        assert (blocking.__module__, blocking.__qualname__) == ("slipstream.sync", name)
    assert inspect.signature(slipstream.connect).parameters.keys() == (
        inspect.signature(slipstream.sync.connect).parameters.keys()
    )


def public(kind: type) -> dict[str, Any]:
    names = [name for name in dir(kind) if not name.startswith("_") and name != "batches"]
    return {name: inspect.getattr_static(kind, name, None) or getattr(kind, name) for name in names}
