"""A program exits with the code it asked for and prints nothing of its own, whatever is open."""

from __future__ import annotations

import pytest

from .program import run

OPEN = """
import asyncio, sys, threading
import slipstream, slipstream.sync

conn = slipstream.sync.connect(sys.argv[1])
store = conn.store("s")
store.put("k", b"v", ttl=60)
watch = store.watch("")
watch.synced()
blocked = threading.Thread(target=lambda: [None for _ in watch], daemon=True)
blocked.start()

async def main():
    conn = await slipstream.connect(sys.argv[1])
    store = await conn.store("s")
    watch = store.watch("")
    await anext(watch)
    globals().update(kept=(conn, store, watch))
    globals().update(call=anext(watch))
    call.send(None)
    globals().update(again=asyncio.create_task(store.put("k", b"v")))
    END

END_OF_MAIN
"""

ENDINGS = {
    "sys.exit": ("sys.exit(7)", "asyncio.run(main())", 7),
    "os._exit": ("__import__('os')._exit(7)", "asyncio.run(main())", 7),
    "return": ("return", "asyncio.run(main())", 0),
    "exit later": ("return", "asyncio.run(main()); sys.exit(3)", 3),
    "loop never closed": (
        "return",
        "loop = asyncio.new_event_loop(); loop.run_until_complete(main()); sys.exit(3)",
        3,
    ),
}


@pytest.mark.parametrize("url", ["memory:exit", "file"])
@pytest.mark.parametrize(("inside", "outside", "code"), ENDINGS.values(), ids=ENDINGS)
def test_exit_with_everything_open(
    inside: str, outside: str, code: int, url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if url == "file":
        url = f"file:{tmp_path_factory.mktemp('exit') / 'state.db'}"
    source = OPEN.replace("END_OF_MAIN", outside).replace("END", inside)
    for _ in range(3):
        ended = run(source, url)
        assert (ended.code, ended.out, ended.err) == (code, "", "")


def test_an_uncaught_error_is_the_only_thing_that_is_printed() -> None:
    ended = run(
        """
        import slipstream.sync
        conn = slipstream.sync.connect("memory:")
        conn.store("s").get("a b")
        """
    )
    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.splitlines()[-1] == (
        'slipstream.errors.InvalidArgument: get in "s": invalid argument: '
        "key \"a b\" has ' ', only A-Z a-z 0-9 - _ / = . are allowed"
    )


def test_exit_in_development_mode_names_the_watch_that_was_not_closed() -> None:
    source = """
        import slipstream.sync
        def main():
            conn = slipstream.sync.connect("memory:")
            conn.store("s").watch("")
            conn.close()
        main()
        """
    assert run(source).err == ""
    shown = run(source, options=("-X", "dev")).err
    assert shown.startswith('<string>:5: ResourceWarning: unclosed watch of store "s"')


def test_importing_starts_nothing() -> None:
    ended = run(
        """
        import os
        before = len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))
        import slipstream, slipstream.sync
        after = len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))
        print(before == after)
        """
    )
    assert (ended.out, ended.err) == ("True\n", "")
