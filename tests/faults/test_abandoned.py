"""Watches that nobody closes leave nothing on the server (contract rule S9)."""

from kit.caller import Caller
from kit.nats_server import NatsServer
from kit.wait import wait_for

STORE = "state"
# As many at once as leave room for others, and a thousand in all.
AT_ONCE = 200
TIMES = 5
# The server itself would take half a minute to find that nobody asks them any more.
SECONDS = 5.0


def test_s9_a_thousand_abandoned_watches_leave_no_consumer(
    server: NatsServer, caller: Caller
) -> None:
    caller.call("connect", server.url)
    caller.call("store", STORE)
    for _ in range(TIMES):
        caller.call("abandon", AT_ONCE)
        wait_for(
            "no consumer is left",
            lambda: server.jetstream.count_consumers(STORE) == 0,
            SECONDS,
        )
    caller.call("put", "a", b"1")
    caller.call("watch", "")
    assert caller.call("next", 1)[0]["value"] == b"1"
