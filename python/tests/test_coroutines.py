"""What a method returns is a full coroutine."""

from __future__ import annotations

import asyncio
import collections.abc
import contextvars
import gc
import inspect
import itertools
import warnings
from typing import Any

import pytest

import slipstream
from slipstream import Put, _debug

from .conftest import OpenStore


async def test_a_call_is_a_coroutine(open_store: OpenStore) -> None:
    async with open_store() as store:
        coroutine = store.get("k")
        assert issubclass(type(coroutine), collections.abc.Coroutine)
        assert asyncio.iscoroutine(coroutine)
        assert inspect.isawaitable(coroutine)
        call: Any = coroutine
        assert (call.__name__, call.__qualname__) == ("Store.get", "Store.get")
        assert (call.cr_await, call.cr_frame, call.cr_running) == (None, None, False)
        assert repr(call).startswith("<slipstream call Store.get at 0x")
        assert await call is None
        with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
            await call


async def test_an_answer_that_is_ready_costs_no_turn_of_the_loop(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.put("k", b"v")
        call = store.get("k")
        with pytest.raises(StopIteration) as ended:
            call.send(None)
        assert ended.value.value.value == b"v"
        missing: Any = store.get("missing")
        with pytest.raises(StopIteration) as ended:
            next(iter(missing))
        assert ended.value.value is None
        with pytest.raises(StopIteration) as ended:
            store.get_many(["k"] * 5_000).send(None)
        assert {entry.value for entry in ended.value.value} == {b"v"}


async def test_a_call_begins_when_it_is_awaited(open_store: OpenStore) -> None:
    async with open_store() as store:
        call = store.put("k", b"v")
        assert await store.get("k") is None
        with pytest.raises(TypeError, match="just-started"):
            call.send("early")
        await call
        assert await store.get("k") is not None


async def test_a_call_that_is_not_awaited_is_warned_about(open_store: OpenStore) -> None:
    async with open_store() as store:
        forgotten = store.put("k", b"v")
        with pytest.warns(RuntimeWarning, match=r"coroutine 'Store.put' was never awaited"):
            del forgotten
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            store.put("k", b"v").close()


async def test_create_task_gather_and_task_group(open_store: OpenStore) -> None:
    async with open_store() as store:
        task = asyncio.create_task(store.put("a", b"1"))
        assert "Store.put" in repr(task)
        await task
        versions = await asyncio.gather(*(store.put(f"k.{i}", b"v") for i in range(100)))
        assert sorted(set(versions)) == versions
        async with asyncio.TaskGroup() as group:
            got = [group.create_task(store.get(f"k.{i}")) for i in range(100)]
        entries = [task.result() for task in got]
        assert [entry.version for entry in entries if entry] == versions


async def test_a_task_group_ends_its_other_calls(open_store: OpenStore) -> None:
    async with open_store() as store, store.watch("nothing.") as watch:
        await store.create("k", b"1")

        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(anext(watch))
                await asyncio.sleep(0)
                group.create_task(store.create("k", b"2"))

        with pytest.raises(ExceptionGroup) as caught:
            await work()
        assert isinstance(caught.value.exceptions[0], slipstream.AlreadyExists)
        assert _debug.live()["operations"] == 0


async def test_wait_for_cancels_the_operation(open_store: OpenStore) -> None:
    async with open_store() as store, store.watch("") as watch:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(watch), 0.01)
        assert _debug.live()["operations"] == 0
        await store.put("k", b"v")
        assert await asyncio.wait_for(anext(watch), 5) == Put(
            "k", b"v", slipstream.Version(b"\0" * 7 + b"\1")
        )


async def test_cancellation_reaches_the_operation(open_store: OpenStore) -> None:
    async with open_store() as store, store.watch("") as watch:
        task = asyncio.create_task(anext(watch))
        await asyncio.sleep(0)
        assert _debug.live()["operations"] == 1
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.args == ("enough",)
        assert _debug.live()["operations"] == 0
        early = asyncio.create_task(store.put("early", b"v"))
        early.cancel()
        with pytest.raises(asyncio.CancelledError):
            await early
        assert await store.get("early") is None


async def test_s4_cancellation_at_any_moment_loses_no_update(open_store: OpenStore) -> None:
    async with open_store() as store, store.watch("") as watch:
        seen: list[str] = []

        async def write() -> None:
            for i in range(500):
                await store.put(f"k.{i:03}", b"v")
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            for turn in itertools.count():
                reader = asyncio.create_task(anext(watch))
                for _ in range(turn % 5):
                    await asyncio.sleep(0)
                reader.cancel()
                try:
                    seen.append((await reader).key)
                except asyncio.CancelledError:
                    await asyncio.sleep(0)
                else:
                    assert watch.cursor.endswith(len(seen).to_bytes(8))
                if len(seen) == 500:
                    break
        assert seen == [f"k.{i:03}" for i in range(500)]


async def test_a_cancelled_reader_makes_room_for_the_next_at_once(open_store: OpenStore) -> None:
    async with open_store() as store, store.watch("") as watch:
        for turn in range(200):
            cancelled = asyncio.create_task(anext(watch))
            await asyncio.sleep(0)
            cancelled.cancel()
            reader = asyncio.create_task(anext(watch))
            await store.put("k", b"%d" % turn)
            update = await reader
            assert isinstance(update, Put)
            assert update.value == b"%d" % turn
            assert cancelled.cancelled()


async def test_throw_and_close_end_a_waiting_call(open_store: OpenStore) -> None:
    async with open_store() as store, store.watch("") as watch:
        for end in ("throw", "close", "drop"):
            call: Any = anext(watch)
            future = call.send(None)
            assert asyncio.isfuture(future)
            assert call.cr_suspended
            assert call.cr_await is not None
            assert _debug.live()["operations"] == 1
            if end == "throw":
                with pytest.raises(ZeroDivisionError, match="thrown"):
                    call.throw(ZeroDivisionError("thrown"))
                with pytest.raises(RuntimeError):
                    call.send(None)
            elif end == "close":
                call.close()
                call.close()
            del call
            gc.collect()
            assert _debug.live()["operations"] == 0
        forms: list[tuple[Any, ...]] = [
            (KeyError,),
            (KeyError, "k"),
            (KeyError, KeyError("k")),
            (KeyError, None, None),
        ]
        for form in forms:
            with pytest.raises(KeyError):
                store.get("k").throw(*form)
        nothing: Any = store.get("k")
        with pytest.raises(TypeError):
            nothing.throw()
        nothing.close()


async def test_a_call_keeps_its_context(open_store: OpenStore) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
    async with open_store() as store:

        async def named(text: str) -> str:
            name.set(text)
            await store.put(text, b"v")
            await asyncio.sleep(0)
            await store.get(text)
            return name.get()

        assert [*await asyncio.gather(named("a"), named("b"))] == ["a", "b"]


async def test_a_pending_call_in_a_dropped_cycle_is_freed(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = store.watch("")
        call: Any = anext(watch)
        call.send(None)
        cycle: list[Any] = [call]
        cycle.append(cycle)
        del call, cycle
        gc.collect()
        assert _debug.live()["operations"] == 0
        watch.close()
