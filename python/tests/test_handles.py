"""Handles belong to their process: they are neither pickled nor copied (X5)."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import slipstream
import slipstream.sync

WAYS: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    *(partial(pickle.dumps, protocol=number) for number in range(pickle.HIGHEST_PROTOCOL + 1)),
    lambda handle: pickle.dumps([handle]),
    lambda handle: copy.deepcopy({"handle": handle}),
]


def refused(handle: object, name: str) -> None:
    for serialise in WAYS:
        with pytest.raises(TypeError, match=f"^a {name} cannot be pickled or copied: .*connect"):
            serialise(handle)


async def test_x5_awaited_handles_are_refused() -> None:
    async with slipstream.connect("memory:") as conn:
        store = await conn.store("test")
        async with store.watch("") as watch:
            refused(conn, "slipstream.Connection")
            refused(store, "slipstream.Store")
            refused(watch, "slipstream.Watch")
            refused(watch.batches(), "slipstream.Batches")
        assert await store.put("a", b"1")


def test_x5_blocking_handles_are_refused() -> None:
    with slipstream.sync.connect("memory:") as conn:
        store = conn.store("test")
        with store.watch("") as watch:
            refused(conn, "slipstream.sync.Connection")
            refused(store, "slipstream.sync.Store")
            refused(watch, "slipstream.sync.Watch")
            refused(watch.batches(), "slipstream.sync.Batches")
        assert store.put("a", b"1")


async def test_x5_calls_are_refused() -> None:
    connecting = slipstream.connect("memory:")
    for serialise in WAYS:
        with pytest.raises(TypeError):
            serialise(connecting)
    async with connecting as conn:
        call = (await conn.store("test")).get("a")
        for serialise in WAYS:
            with pytest.raises((TypeError, pickle.PicklingError)):
                serialise(call)
        assert await call is None


def test_x5_a_handle_is_no_argument_of_another_process() -> None:
    spawn = multiprocessing.get_context("spawn")
    with slipstream.sync.connect("memory:") as conn:
        store = conn.store("test")
        told = "a slipstream.sync.Store cannot be pickled or copied"
        with pytest.raises(TypeError, match=told):
            spawn.Process(target=print, args=(store,)).start()
        with pytest.raises(TypeError, match=told):
            spawn.SimpleQueue().put(store)
        with spawn.Pool(1) as pool, pytest.raises(TypeError, match=told):
            pool.apply(len, (store,))
        assert store.put("a", b"1")


async def test_x5_what_is_data_goes_over_a_queue() -> None:
    queue = multiprocessing.get_context("spawn").SimpleQueue()
    async with slipstream.connect("memory:") as conn:
        store = await conn.store("test")
        version = await store.put("a", b"1")
        async with store.watch("") as watch:
            put = await anext(watch)
            await store.delete("a")
            deleted = await anext(watch)
            await store.purge("a")
            purged = await anext(watch)
        await store.put("a", b"1")
        with pytest.raises(slipstream.RevisionMismatch) as caught:
            await store.update("a", b"2", version)
        error = caught.value
        for data in (await store.get("a"), put, deleted, purged, conn.capabilities()):
            queue.put(data)
            again = queue.get()
            assert type(again) is type(data)
            assert again == data
            assert getattr(again, "cursor", None) == getattr(data, "cursor", None)
        queue.put(error)
        again = queue.get()
        assert type(again) is slipstream.RevisionMismatch
        assert str(again) == str(error)
        fields = ("code", "key", "store", "operation", "retryable", "outcome_unknown")
        assert [getattr(again, it) for it in fields] == [getattr(error, it) for it in fields]
    queue.close()
