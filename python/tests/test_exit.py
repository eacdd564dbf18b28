"""A program exits with the code it asked for and prints nothing of its own, whatever is open."""

from __future__ import annotations

import pytest
from kit.nats_server import NatsServer

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


@pytest.fixture
def shared(url: str) -> str:
    """A URL at which two connections of a process meet."""
    return "memory:exit" if url == "memory:" else url


@pytest.mark.parametrize(("inside", "outside", "code"), ENDINGS.values(), ids=ENDINGS)
def test_exit_with_everything_open(inside: str, outside: str, code: int, shared: str) -> None:
    source = OPEN.replace("END_OF_MAIN", outside).replace("END", inside)
    for _ in range(3):
        ended = run(source, shared)
        assert (ended.code, ended.out, ended.err) == (code, "", "")


# What blocks here is asked of a server that never answers, and cannot end before the program does.
UNANSWERED = """
import asyncio, contextlib, os, signal, sys, threading
import slipstream, slipstream.sync

def in_a_thread(call):
    def run():
        # A write that was under way when the server was killed fails.
        with contextlib.suppress(slipstream.ConnectionFailed):
            call()
    threading.Thread(target=run, daemon=True).start()

url, server = sys.argv[1], int(sys.argv[2])
conn = slipstream.sync.connect(url, timeout=60)
store = conn.store("s")
watch = store.watch("")
watch.synced()
os.kill(server, signal.SIGNUMBER)
in_a_thread(lambda: store.put("k", b"v"))
in_a_thread(lambda: next(watch))

async def main():
    async with asyncio.timeout(0.3):
        async with slipstream.connect(url) as conn:
            pass

try:
    asyncio.run(main())
except (TimeoutError, slipstream.KvError):
    pass
ENDING
"""

LAST_WORDS = {
    "return": ("", 0),
    "sys.exit": ("sys.exit(7)", 7),
    "sys.exit in a thread": (
        "thread = threading.Thread(target=sys.exit, args=(9,)); thread.start(); thread.join()",
        0,
    ),
}


@pytest.mark.parametrize("number", ["SIGSTOP", "SIGKILL"])
@pytest.mark.parametrize(("ending", "code"), LAST_WORDS.values(), ids=LAST_WORDS)
def test_exit_while_the_server_is_silent_or_gone(
    ending: str, code: int, number: str, server: NatsServer
) -> None:
    source = UNANSWERED.replace("NUMBER", number.removeprefix("SIG")).replace("ENDING", ending)
    ended = run(source, server.url, str(server.pid))
    assert (ended.code, ended.out, ended.err) == (code, "", "")


def test_sys_exit_in_a_thread_with_everything_open(shared: str) -> None:
    body = "asyncio.run(main()); thread = threading.Thread(target=sys.exit, args=(9,))"
    source = OPEN.replace("END_OF_MAIN", body + "; thread.start(); thread.join()")
    ended = run(source.replace("END", "return"), shared)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_an_error_with_everything_open_is_the_only_thing_that_is_printed(shared: str) -> None:
    source = OPEN.replace("END_OF_MAIN", "asyncio.run(main())").replace("END", "1 / 0")
    ended = run(source, shared)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Traceback (most recent call last):")
    assert ended.err.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert ended.err.count("Traceback") == 1


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
        "key \"a b\" has ' ', which no key can have"
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


def test_a_blocked_daemon_thread_that_outlives_the_interpreter(shared: str) -> None:
    # The C library calls usleep with what was given to exit, once the interpreter is gone: long
    # enough for the blocked threads to look for signals several times.
    ended = run(
        """
        import ctypes, sys, threading
        import slipstream.sync
        conn = slipstream.sync.connect(sys.argv[1])
        watch = conn.store("s").watch("")
        watch.synced()
        threading.Thread(target=lambda: next(watch), daemon=True).start()
        libc = ctypes.CDLL(None)
        libc.on_exit(libc.usleep, None)
        sys.exit(300_007)
        """,
        shared,
    )
    assert (ended.code, ended.out, ended.err) == (300_007 % 256, "", "")
