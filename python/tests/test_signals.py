"""Ctrl-C works in every call that blocks."""

from __future__ import annotations

import socket

import pytest
from kit.nats_server import NatsServer
from kit.ports import HOST

from .program import FREEZE, interrupt, run

CALLS = {
    "next": "next(watch)",
    "for": "[update for update in watch]",
    "batches": "next(watch.batches())",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_ctrl_c_interrupts_a_blocking_call(call: str, url: str) -> None:
    ended = interrupt(
        f"""
        import sys
        import slipstream.sync
        conn = slipstream.sync.connect(sys.argv[1])
        store = conn.store("s")
        with store.watch("") as watch:
            watch.synced()
            try:
                print("ready", flush=True)
                {call}
            except KeyboardInterrupt:
                print("interrupted")
            store.put("k", b"v")
            print(next(watch).key, conn.is_healthy())
        """,
        url,
    )
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == ["ready", "interrupted", "k True"]
    assert ended.after_signal < 5


UNANSWERED = {
    "get": "store.get('k')",
    "put": "store.put('k', b'v')",
    "scan": "store.scan()",
    "store": "conn.store('t')",
    "synced": "store.watch('').synced()",
}


UNANSWERED_CALL = """
import os, signal, sys, warnings
import slipstream.sync
warnings.simplefilter("ignore")
conn = slipstream.sync.connect(sys.argv[1], timeout=60)
store = conn.store("s")
freeze(int(sys.argv[2]))
try:
    print("ready", flush=True)
    CALL
except KeyboardInterrupt:
    print("interrupted")
os.kill(int(sys.argv[2]), signal.SIGCONT)
print(store.put("after", b"v") > b"")
"""


@pytest.mark.parametrize("call", UNANSWERED.values(), ids=UNANSWERED)
def test_ctrl_c_interrupts_a_call_that_no_server_answers(call: str, server: NatsServer) -> None:
    ended = interrupt(
        FREEZE + UNANSWERED_CALL.replace("CALL", call),
        server.url,
        str(server.pid),
    )
    assert (ended.code, ended.out, ended.err) == (0, "ready\ninterrupted\nTrue\n", "")
    assert ended.after_signal < 5


CONNECTS = {
    "sync": "slipstream.sync.connect(sys.argv[1], connect_timeout=60)",
    "asyncio": "asyncio.run(connect())",
}


@pytest.mark.parametrize("call", CONNECTS.values(), ids=CONNECTS)
def test_ctrl_c_interrupts_connecting_to_a_black_hole(call: str) -> None:
    # It listens and takes no connection: one fills its queue, and the rest get no answer.
    with socket.create_server((HOST, 0), backlog=0) as hole:
        address = hole.getsockname()
        with socket.create_connection(address):
            ended = interrupt(
                f"""
                import asyncio, sys
                import slipstream, slipstream.sync
                async def connect():
                    await slipstream.connect(sys.argv[1], connect_timeout=60)
                try:
                    print("ready", flush=True)
                    {call}
                except KeyboardInterrupt:
                    print("interrupted")
                """,
                f"nats://{HOST}:{address[1]}",
            )
    assert (ended.code, ended.out, ended.err) == (0, "ready\ninterrupted\n", "")
    assert ended.after_signal < 5


def test_ctrl_c_interrupts_within_a_tenth_of_a_second() -> None:
    # The time is taken inside the program, so that neither its start nor its end counts.
    ended = run(
        """
        import os, signal, threading, time
        import slipstream.sync
        conn = slipstream.sync.connect("memory:")
        delays = []
        with conn.store("s").watch("") as watch:
            for _ in range(5):
                sent = []

                def interrupt():
                    time.sleep(0.1)
                    sent.append(time.monotonic())
                    os.kill(os.getpid(), signal.SIGINT)

                thread = threading.Thread(target=interrupt)
                thread.start()
                try:
                    next(watch)
                except KeyboardInterrupt:
                    delays.append(time.monotonic() - sent[0])
                thread.join()
        # One of five may meet a busy machine; all five do not.
        print(len(delays), min(delays) < 0.1)
        """
    )
    assert (ended.code, ended.out, ended.err) == (0, "5 True\n", "")


def test_ctrl_c_ends_an_asyncio_program() -> None:
    ended = interrupt(
        """
        import asyncio
        import slipstream
        async def main():
            async with slipstream.connect("memory:") as conn:
                store = await conn.store("s")
                async with store.watch("") as watch:
                    print("ready", flush=True)
                    await anext(watch)
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert (ended.code, ended.out, ended.err) == (0, "ready\ninterrupted\n", "")


def test_a_handler_that_returns_lets_the_call_go_on() -> None:
    ended = interrupt(
        """
        import signal
        import slipstream.sync
        conn = slipstream.sync.connect("memory:")
        store = conn.store("s")
        signal.signal(signal.SIGINT, lambda *_: store.put("k", b"v"))
        with store.watch("") as watch:
            print("ready", flush=True)
            print(next(watch).key)
        """
    )
    assert (ended.code, ended.out, ended.err) == (0, "ready\nk\n", "")
