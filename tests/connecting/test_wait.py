"""`connect(wait=...)` waits for a server that is not up yet, and for nothing else (rule L6)."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
import slipstream
from attempt import refused, works
from kit.caller import Caller
from kit.nats_server import NatsServer
from kit.ports import HOST, free_port
from slipstream import _native

# Far longer than any of this takes (seconds).
LONG = 60


def test_l6_a_server_that_comes_up_later_is_waited_for(caller: Caller, tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    coming = threading.Timer(1, server.start)
    coming.start()
    try:
        # Each attempt has a deadline of its own, and the wait goes on after it.
        works(caller, server.url, wait=LONG, connect_timeout=0.5)
        caller.call("close")
    finally:
        coming.join()
        server.stop()


def test_l6_a_server_that_does_not_come_up_is_named_when_the_time_is_over(caller: Caller) -> None:
    port = free_port()
    started = time.monotonic()
    error = refused(caller, f"nats://u:SECRET@{HOST}:{port}", wait=1.5, connect_timeout=0.5)
    assert 1.4 < time.monotonic() - started < 15
    assert (error.name, error.retryable) == ("ConnectionFailed", True)
    assert f"{HOST}:{port}" in error.message and "refused" in error.message
    assert "SECRET" not in error.message


def test_l6_a_wrong_password_and_a_wrong_option_fail_at_once(
    caller: Caller, tmp_path: Path
) -> None:
    with NatsServer(tmp_path, 'authorization { user: app, password: "right" }') as server:
        started = time.monotonic()
        error = refused(caller, server.url, user="app", password="wrong", wait=LONG)
        assert error.name == "PermissionDenied"
        assert refused(caller, server.url, wait=0).name == "InvalidArgument"
        assert refused(caller, f"file:{tmp_path}", wait=LONG).name == "ConnectionFailed"
        assert time.monotonic() - started < LONG / 2


def test_l6_a_wait_that_is_cancelled_leaves_nothing() -> None:
    url = f"nats://{HOST}:{free_port()}"

    async def give_up() -> None:
        before = _native.live()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slipstream.connect(url, wait=LONG), 0.3)
        assert _native.live() == before

    asyncio.run(give_up())
