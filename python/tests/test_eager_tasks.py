"""Eager tasks, which came with Python 3.12: run by such a Python, whichever runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import slipstream

from .newer_python import newer_python
from .program import run

PROGRAM = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
import slipstream
from slipstream import _debug

async def main():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    async with slipstream.connect(sys.argv[1]) as conn:
        store = await conn.store("s")
        put = asyncio.create_task(store.put("k", b"v"))
        at_once = put.done()
        version = await put
        gets = [asyncio.create_task(store.get("k")) for _ in range(100)]
        assert all(entry.version == version for entry in await asyncio.gather(*gets))
        async with store.watch("later.") as watch:
            waiting = asyncio.create_task(anext(watch))
            assert not waiting.done()
            await store.put("later.k", b"v")
            assert (await waiting).key == "later.k"
            cancelled = asyncio.create_task(anext(watch))
            cancelled.cancel()
            try:
                await cancelled
            except asyncio.CancelledError:
                print(at_once)

asyncio.run(main())
assert not any(_debug.live().values()), _debug.live()
"""


def test_eager_tasks(url: str) -> None:
    program = newer_python(12)
    if program is None:
        pytest.skip("eager tasks came with Python 3.12, and there is none on this machine")
    # The extension is one for every Python from 3.11 on.
    package = Path(slipstream.__file__).parent.parent
    ended = run(PROGRAM, url, str(package), python=program)
    # What is ready needs no turn of the loop.
    assert (ended.code, ended.out, ended.err) == (0, f"{url == 'memory:'}\n", "")
