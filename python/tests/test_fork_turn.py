"""A fork while the calls of a turn are held back sends each of them once (contract rule W9)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.nats_server import NatsServer

import slipstream.sync

from .program import run

PUTS = 20
ROUNDS = int(os.environ.get("SLIPSTREAM_FORKS", "5"))
"""Forks of each kind; a long run has 100."""

WORK = """
import os
import slipstream, slipstream.sync

def sync(url, key):
    with slipstream.sync.connect(url) as conn:
        conn.store("turn").put(key, b"child")

def inherited(url, key):
    # What a child is given by its parent is refused, and nothing of it is sent either.
    try:
        refuse()
    except slipstream.NotConnected as error:
        assert not error.outcome_unknown
    else:
        raise AssertionError("nothing was raised")
    sync(url, key)

async def own(url, key):
    import asyncio
    async with slipstream.connect(url) as conn:
        store = await conn.store("turn")
        await asyncio.gather(*(store.put(f"{key}.{i}", b"child") for i in range(PUTS)))

def turn(url, key):
    import asyncio
    asyncio.run(own(url, key))

refuse = None
PUTS = 20
"""

PARENT = """
import asyncio, concurrent.futures, multiprocessing, os, sys, time, warnings
sys.path.insert(0, sys.argv[3])
import slipstream, work

warnings.simplefilter("ignore")  # of Python 3.12: threads and fork
url, rounds = sys.argv[1], int(sys.argv[2])

def waited(pid):
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

def plain(target, key):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            target(url, key)
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return lambda: waited(pid)

def process(method):
    def start(target, key):
        child = multiprocessing.get_context(method).Process(target=target, args=(url, key))
        child.start()
        def ended():
            child.join(30)
            assert child.exitcode == 0, child.exitcode
        return ended
    return start

def executor(method):
    def start(target, key):
        pool = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context(method))
        done = pool.submit(target, url, key)
        def ended():
            done.result(30)
            pool.shutdown()
        return ended
    return start

async def main(start, target):
    async with slipstream.connect(url) as conn:
        store = await conn.store("turn")
        # The connection that calls of a turn leave by together.
        while not await leaves_together(store):
            pass
        work.refuse = lambda: store.put("refused", b"").send(None)
        before = int.from_bytes(await store.put("before", b"1"), "big")
        for round in range(rounds):
            puts = [
                asyncio.create_task(store.put(f"parent.{round}.{i}", b"v"))
                for i in range(work.PUTS)
            ]
            # Every one has begun, and none is sent before this turn ends.
            await asyncio.sleep(0)
            ended = start(target, f"child.{round}")
            versions = await asyncio.gather(*puts)
            assert len(set(versions)) == work.PUTS
            await asyncio.to_thread(ended)
        after = int.from_bytes(await store.put("after", b"1"), "big")
        print(after - before - 1)

async def leaves_together(store):
    await asyncio.gather(*(store.get("warm") for _ in range(8)))
    await asyncio.sleep(0.05)
    leaves_together.times = getattr(leaves_together, "times", 0) + 1
    return leaves_together.times == 5
"""

KINDS = ("process", "executor")
FORKS = ["plain", *(f'{kind}("fork")' for kind in KINDS)]
STARTS = [f'{kind}("{method}")' for kind in KINDS for method in ("forkserver", "spawn")]
CASES = [
    *((kind, target) for kind in FORKS for target in ("sync", "turn", "inherited")),
    *((kind, "turn") for kind in STARTS),
]


@pytest.mark.parametrize(("kind", "target"), CASES)
def test_w9_a_fork_inside_a_turn_sends_each_write_once(
    server: NatsServer, tmp_path: Path, kind: str, target: str
) -> None:
    writes = PUTS if target == "turn" else 1
    (tmp_path / "work.py").write_text(WORK, encoding="utf-8")
    # Those that start an interpreter for each child take their time.
    rounds = ROUNDS if kind in FORKS else max(2, ROUNDS // 10)
    main = f"if __name__ == '__main__': asyncio.run(main({kind}, work.{target}))\n"
    program = tmp_path / "program.py"
    program.write_text(PARENT + main, encoding="utf-8")
    start = f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')"
    ended = run(start, server.url, str(rounds), str(tmp_path))
    assert (ended.code, ended.err) == (0, "")
    # Every message that the server took has a number of its own.
    assert int(ended.out) == rounds * (PUTS + writes)
    with slipstream.sync.connect(server.url) as conn:
        store = conn.store("turn")
        assert len(store.keys("parent.")) == rounds * PUTS
        assert len(store.keys("child.")) == rounds * writes
