"""A server that is away for long: what waits for it goes on when it is back (rules L1, L3, S7)."""

import time
from functools import partial

from kit.caller import Caller
from kit.nats_server import NatsServer
from kit.wait import wait_for

AWAY = 30.0
# However long it was away, nobody waits long before the next attempt to connect.
BACK = 10.0


def is_dead(caller: Caller) -> bool:
    return not caller.call("is_healthy")


def test_s7_edge_24_watches_outlive_half_a_minute_without_a_server(
    server: NatsServer, callers: tuple[Caller, ...]
) -> None:
    for caller in callers:
        caller.call("connect", server.url)
        caller.call("store", "state")
        caller.call("watch", "key.")
        caller.call("synced")
    callers[0].call("put", "key.before", b"1")
    for caller in callers:
        assert [update["key"] for update in caller.call("next", 1)] == ["key.before"]
    server.kill()
    for caller in callers:
        wait_for("it is noticed", partial(is_dead, caller))
    time.sleep(AWAY)
    server.start()
    for caller in callers:
        wait_for("it is healthy again", partial(caller.call, "is_healthy"), BACK)
    callers[0].call("put", "key.after", b"2")
    for caller in callers:
        assert [update["key"] for update in caller.call("next", 1)] == ["key.after"]
