"""A connection that is open and dead is noticed, and what needs it goes on (rules L3, S7, W6)."""

import time
from collections.abc import Iterator
from functools import partial

import pytest
from kit.caller import Caller, CallFailed
from kit.nats_server import NatsServer
from kit.proxy import Proxy
from kit.wait import wait_for

STORE = "state"
TIMEOUT = 1.0
# A call that ends with its deadline, on a machine that does other things as well.
SOON = TIMEOUT + 2.0
NOTICED = 10.0
RESUMED = 20.0


@pytest.fixture
def proxy(server: NatsServer) -> Iterator[Proxy]:
    with Proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def behind(proxy: Proxy, callers: tuple[Caller, ...]) -> tuple[Caller, ...]:
    """Callers that reach the server through the proxy, each with a watch of ``key.``."""
    for caller in callers:
        caller.call("connect", proxy.url, timeout=TIMEOUT)
        caller.call("store", STORE)
        caller.call("watch", "key.")
        caller.call("synced")
    return callers


@pytest.fixture
def beside(server: NatsServer) -> Iterator[Caller]:
    """A caller that reaches the server itself."""
    with Caller("python") as caller:
        caller.call("connect", server.url)
        caller.call("store", STORE)
        yield caller


def is_dead(caller: Caller) -> bool:
    return not caller.call("is_healthy")


def ends_in_timeout(caller: Caller, call: str, *arguments: object) -> CallFailed:
    started = time.monotonic()
    with pytest.raises(CallFailed) as failed:
        caller.call(call, *arguments)
    assert time.monotonic() - started < SOON
    assert failed.value.code == "Timeout"
    return failed.value


def test_s7_a_half_open_connection_is_noticed_and_watches_resume(
    proxy: Proxy, behind: tuple[Caller, ...], beside: Caller
) -> None:
    beside.call("put", "key.0", b"0")
    for caller in behind:
        assert [update["key"] for update in caller.call("next", 1)] == ["key.0"]
    proxy.stall()
    stalled = time.monotonic()
    for caller in behind:
        assert ends_in_timeout(caller, "get", "key.0").outcome_unknown is False
        assert ends_in_timeout(caller, "put", "aside", b"1").outcome_unknown is True
    for number in range(1, 100):
        beside.call("put", f"key.{number}", b"0")
    for caller in behind:
        left = NOTICED - (time.monotonic() - stalled)
        wait_for("it is noticed", partial(is_dead, caller), left)
        # Still dead, and still within the deadline.
        ends_in_timeout(caller, "get", "key.0")

    proxy.forward()
    for caller in behind:
        caller.begin("next", 99)
    expected = [f"key.{number}" for number in range(1, 100)]
    for caller in behind:
        assert [update["key"] for update in caller.outcome(seconds=RESUMED)] == expected
        wait_for("it is healthy", partial(caller.call, "is_healthy"), RESUMED)
    # Nothing was repeated: the next that is told is the next that is written.
    beside.call("put", "key.last", b"0")
    for caller in behind:
        assert [update["key"] for update in caller.call("next", 1)] == ["key.last"]


def test_w6_a_write_whose_answer_was_lost_is_of_unknown_outcome(
    proxy: Proxy, behind: tuple[Caller, ...], beside: Caller
) -> None:
    for caller in behind:
        version = caller.call("put", "counter", b"0")
        proxy.mute()
        error = ends_in_timeout(caller, "update", "counter", b"1", version)
        assert error.outcome_unknown is True
        # It was written, and nobody has tried it twice.
        written = beside.call("get", "counter")
        assert written["value"] == b"1"
        assert int.from_bytes(written["version"], "big") == int.from_bytes(version, "big") + 1
        proxy.forward()
        # Who has missed what the server said while it was muted may be connecting anew.
        for one in behind:
            wait_for("it is healthy", partial(one.call, "is_healthy"), RESUMED)
            one.call("get", "counter")
