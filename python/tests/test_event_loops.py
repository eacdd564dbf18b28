"""Many loops, one after another and at once; loops that die with work pending; uvloop."""

from __future__ import annotations

import asyncio
import gc
import itertools
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

import slipstream
from slipstream import Put, _debug

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [
    asyncio.new_event_loop,
    uvloop.new_event_loop,
]
TURNS = itertools.count()


async def wait_for_one_update(conn: slipstream.Connection, name: str) -> None:
    """Wait for something, so that the loop gets a queue."""
    store = await conn.store(name)
    key = f"k.{next(TURNS)}"
    async with store.watch(key) as watch:
        waiting = asyncio.create_task(anext(watch))
        await asyncio.sleep(0)
        await store.put(key, b"v")
        assert isinstance(await asyncio.wait_for(waiting, 10), Put)


async def connect_and_wait(url: str) -> None:
    async with slipstream.connect(url) as conn:
        await wait_for_one_update(conn, "s")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("new_loop", LOOPS)
def test_a_thousand_loops_one_after_another(
    new_loop: Callable[[], asyncio.AbstractEventLoop], url: str
) -> None:
    counts: list[int] = []
    for turn in range(1001):
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(connect_and_wait(url))
        if turn in {0, 1000}:
            gc.collect()
            counts.append(descriptors())
    assert counts[0] == counts[1]


def test_one_connection_in_loop_after_loop(url: str) -> None:
    with asyncio.Runner() as runner:
        conn = runner.run(asyncio.wait_for(slipstream.connect(url), 5))
        runner.run(wait_for_one_update(conn, "s"))
    for _ in range(10):
        asyncio.run(wait_for_one_update(conn, "s"))
    asyncio.run(asyncio.wait_for(conn.close(), 5))


@pytest.mark.parametrize("new_loop", LOOPS)
def test_loops_in_several_threads_share_a_connection(
    new_loop: Callable[[], asyncio.AbstractEventLoop], url: str
) -> None:
    conn = asyncio.run(asyncio.wait_for(slipstream.connect(url), 5))
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                for _ in range(50):
                    runner.run(wait_for_one_update(conn, name))
        except BaseException as error:  # noqa: BLE001 - it is reported by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"s{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)
    asyncio.run(asyncio.wait_for(conn.close(), 5))


def test_one_watch_may_move_from_loop_to_loop(url: str) -> None:
    async def begin() -> tuple[slipstream.Connection, slipstream.Store, slipstream.Watch]:
        conn = await slipstream.connect(url)
        store = await conn.store("s")
        await store.put("a", b"1")
        watch = store.watch("")
        assert (await anext(watch)).key == "a"
        return conn, store, watch

    async def end(
        conn: slipstream.Connection, store: slipstream.Store, watch: slipstream.Watch
    ) -> None:
        await store.put("b", b"2")
        assert (await anext(watch)).key == "b"
        await watch.close()
        await conn.close()

    asyncio.run(end(*asyncio.run(begin())))


@pytest.mark.parametrize("new_loop", LOOPS)
def test_a_loop_closed_with_a_call_pending_frees_it(
    new_loop: Callable[[], asyncio.AbstractEventLoop], url: str
) -> None:
    # The first connection and the first loop of a process open what all of them share.
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(connect_and_wait(url))
    before = descriptors()
    conn = asyncio.run(asyncio.wait_for(slipstream.connect(url), 5))
    for _ in range(20):
        loop = new_loop()
        store = loop.run_until_complete(conn.store("s"))
        watch = store.watch("nothing.")
        task = loop.create_task(anext(watch))
        loop.run_until_complete(asyncio.sleep(0))
        assert _debug.live()["operations"] == 1
        # What asyncio says of a task that is dropped while it waits is not the matter here.
        loop.set_exception_handler(lambda _loop, _context: None)
        loop.close()
        watch.close()
        del task, watch, store, loop
        gc.collect()
        assert _debug.live()["operations"] == 0
    asyncio.run(asyncio.wait_for(conn.close(), 5))
    gc.collect()
    if not url.startswith("nats:"):
        # The socket of a connection is closed by a task that the last handle does not wait for.
        assert descriptors() <= before


def test_a_late_outcome_for_a_dead_loop_is_dropped() -> None:
    conn = asyncio.run(asyncio.wait_for(slipstream.connect("memory:"), 5))
    loop = asyncio.new_event_loop()
    store = loop.run_until_complete(conn.store("s"))
    watch = store.watch("")
    call = anext(watch)

    async def begin() -> None:
        call.send(None)

    loop.run_until_complete(begin())
    loop.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(asyncio.wait_for(store.put("k", b"v"), 5))
        call.close()
        # The update that came too late for the dead loop is still there for the next one.
        assert asyncio.run(asyncio.wait_for(anext(watch), 5)).key == "k"
    watch.close()
    asyncio.run(asyncio.wait_for(conn.close(), 5))


def test_without_a_loop_what_is_not_ready_is_an_error() -> None:
    conn = asyncio.run(asyncio.wait_for(slipstream.connect("memory:"), 5))
    store = asyncio.run(asyncio.wait_for(conn.store("s"), 5))
    call = store.get("k")
    with pytest.raises(StopIteration):
        call.send(None)
    watch = store.watch("")
    with pytest.raises(RuntimeError, match="no running event loop"):
        anext(watch).send(None)
    assert _debug.live()["operations"] == 0
    watch.close()
    asyncio.run(asyncio.wait_for(conn.close(), 5))


async def test_a_loop_without_add_reader_is_told_so() -> None:
    loop = asyncio.get_running_loop()
    async with slipstream.connect("memory:") as conn:
        store = await conn.store("s")

        def add_reader(*_arguments: object) -> None:
            raise NotImplementedError

        async with store.watch("") as watch:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(loop, "add_reader", add_reader)
                with pytest.raises(RuntimeError, match="add_reader"):
                    await anext(watch)


def test_pytest_asyncio_gives_every_test_a_loop(url: str, tmp_path: Path) -> None:
    (tmp_path / "test_loops.py").write_text(
        "import asyncio, pytest, slipstream\n"
        "@pytest.mark.parametrize('turn', range(20))\n"
        "async def test_a_loop_per_test(turn):\n"
        f"    async with slipstream.connect({url!r}) as conn:\n"
        "        store = await conn.store('s')\n"
        "        async with store.watch(f'k.{turn}') as watch:\n"
        "            waiting = asyncio.create_task(anext(watch))\n"
        "            await asyncio.sleep(0)\n"
        "            await store.put(f'k.{turn}', b'v')\n"
        "            assert (await waiting).key == f'k.{turn}'\n"
        "@pytest.fixture(scope='module')\n"
        "async def shared():\n"
        f"    async with slipstream.connect({url!r}) as conn:\n"
        "        yield await conn.store('s')\n"
        "@pytest.mark.parametrize('turn', range(20))\n"
        "async def test_a_fixture_of_another_loop(shared, turn):\n"
        "    await shared.put('shared', b'%d' % turn)\n"
        "    assert (await shared.get('shared')).value == b'%d' % turn\n"
    )
    options = ["-q", "-W", "error", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider"]
    options += ["-o", "asyncio_default_fixture_loop_scope=module"]
    options += ["-o", "asyncio_default_test_loop_scope=function"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path / "test_loops.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert "40 passed" in ran.stdout, ran.stdout + ran.stderr
