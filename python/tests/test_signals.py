"""Ctrl-C works in every call that blocks."""

from __future__ import annotations

import pytest

from .program import interrupt, run

CALLS = {
    "next": "next(watch)",
    "for": "[update for update in watch]",
    "batches": "next(watch.batches())",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_ctrl_c_interrupts_a_blocking_call(call: str) -> None:
    ended = interrupt(
        f"""
        import slipstream.sync
        conn = slipstream.sync.connect("memory:")
        store = conn.store("s")
        with store.watch("") as watch:
            watch.synced()
            print("ready", flush=True)
            try:
                {call}
            except KeyboardInterrupt:
                print("interrupted")
            store.put("k", b"v")
            print(next(watch).key, conn.is_healthy())
        """
    )
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == ["ready", "interrupted", "k True"]
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
