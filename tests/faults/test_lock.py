"""A lock that expires is free for the next one, again and again (contract rule W5)."""

import time

import pytest
from kit.caller import Caller, CallFailed
from kit.nats_server import NatsServer

STORE = "locks"
TTL = 1.0
TIMES = 10
RENEWALS = 4


def test_w5_a_lock_is_taken_ten_times_by_two_processes_in_turn(
    server: NatsServer, callers: tuple[Caller, ...]
) -> None:
    for caller in callers:
        caller.call("connect", server.url)
        caller.call("store", STORE)
        caller.call("watch", "lock")
    versions: list[bytes] = []
    for turn in range(TIMES):
        holder, other = callers[turn % 2], callers[1 - turn % 2]
        taken = time.monotonic()
        versions.append(holder.call("create", "lock", b"%d" % turn, ttl=TTL))
        with pytest.raises(CallFailed) as held:
            other.call("create", "lock", b"mine", ttl=TTL)
        assert held.value.code == "AlreadyExists"
        assert other.call("get", "lock")["value"] == b"%d" % turn
        # Both are told that it is taken, and that it is free again.
        for caller in callers:
            (update,) = caller.call("next", 1)
            assert (update["type"], update["version"]) == ("put", versions[-1])
        for caller in callers:
            (update,) = caller.call("next", 1, seconds=TTL + 2)
            assert update["type"] == "purge"
        assert time.monotonic() - taken >= TTL - 0.01
        assert other.call("get", "lock") is None
        assert other.call("entry", "lock") is None
        assert other.call("keys") == []
    assert versions == sorted(versions)


def test_w5_a_lock_that_is_renewed_is_held(server: NatsServer, caller: Caller) -> None:
    caller.call("connect", server.url)
    caller.call("store", STORE)
    version = caller.call("create", "lock", b"1", ttl=TTL)
    caller.call("watch", "")
    assert [update["type"] for update in caller.call("next", 1)] == ["put"]
    for _ in range(RENEWALS):
        time.sleep(TTL / 2)
        renewed = time.monotonic()
        version = caller.call("update", "lock", b"1", version, ttl=TTL)
        (update,) = caller.call("next", 1)
        assert (update["type"], update["version"]) == ("put", version)
    (update,) = caller.call("next", 1, seconds=TTL + 2)
    assert update["type"] == "purge"
    assert time.monotonic() - renewed >= TTL - 0.01
