"""A store is made as it was asked for, or not at all (contract rule L2)."""

from typing import Any

import pytest
from kit.caller import Caller, CallFailed
from kit.nats_cluster import NatsCluster
from kit.nats_server import NatsServer

STORE = "state"
SECOND = 1_000_000_000
UNLIMITED = -1
# What is asked for, and what the server then says of the stream.
ASKED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {},
        {
            "storage": "file",
            "max_msgs_per_subject": 1,
            "max_age": 0,
            "max_bytes": UNLIMITED,
            "max_msgs": UNLIMITED,
            "max_msg_size": UNLIMITED,
            "num_replicas": 1,
            "discard": "new",
        },
    ),
    ({"storage": "memory"}, {"storage": "memory"}),
    ({"max_history": 5}, {"max_msgs_per_subject": 5}),
    ({"max_age": 3600}, {"max_age": 3600 * SECOND, "duplicate_window": 120 * SECOND}),
    ({"max_age": 10}, {"max_age": 10 * SECOND, "duplicate_window": 10 * SECOND}),
    ({"max_bytes": 1_000_000}, {"max_bytes": 1_000_000, "discard": "new"}),
    (
        {"max_bytes": 1_000_000, "max_history": 3, "discard": "old"},
        {"max_bytes": 1_000_000, "max_msgs_per_subject": 3, "discard": "old"},
    ),
]
REFUSED: list[dict[str, Any]] = [
    # One server keeps no copies.
    {"num_replicas": 3},
    {"num_replicas": 2},
    {"max_history": 0},
    {"max_history": 0, "discard": "old"},
    {"max_history": 65},
    {"max_bytes": 0},
    {"max_bytes": -5},
]


@pytest.mark.parametrize(("asked", "expected"), ASKED)
def test_d13_a_store_is_as_it_was_asked_for(
    server: NatsServer, caller: Caller, asked: dict[str, Any], expected: dict[str, Any]
) -> None:
    caller.call("connect", server.url)
    caller.call("store", STORE, **asked)
    made = server.jetstream.store(STORE)["config"]
    assert {name: made[name] for name in expected} == expected
    assert made["subjects"] == [f"$KV.{STORE}.>"]
    caller.call("put", "a", b"1")
    assert caller.call("get", "a")["value"] == b"1"


@pytest.mark.parametrize("asked", REFUSED)
def test_d16_a_refused_configuration_leaves_nothing_behind(
    server: NatsServer, caller: Caller, asked: dict[str, Any]
) -> None:
    caller.call("connect", server.url)
    with pytest.raises(CallFailed) as refused:
        caller.call("store", STORE, **asked)
    assert refused.value.code == "InvalidArgument"
    assert server.jetstream.stores() == []
    caller.call("store", STORE)
    assert server.jetstream.stores() == [STORE]


def test_l2_a_store_that_is_there_is_opened_as_it_is(server: NatsServer, caller: Caller) -> None:
    caller.call("connect", server.url)
    caller.call("store", STORE, max_history=3)
    before = server.jetstream.store(STORE)["config"]
    caller.call("put", "a", b"1")
    caller.call("store", STORE, storage="memory", max_bytes=1000)
    assert server.jetstream.store(STORE)["config"] == before
    assert caller.call("get", "a")["value"] == b"1"


def test_d13_copies_are_kept_as_asked(tmp_path: Any, callers: tuple[Caller, ...]) -> None:
    with NatsCluster(tmp_path) as cluster:
        for replicas, caller in zip((3, 2), callers, strict=True):
            caller.call("connect", cluster.url)
            caller.call("store", f"copies-{replicas}", num_replicas=replicas)
            made = cluster.jetstream.store(f"copies-{replicas}")
            assert made["config"]["num_replicas"] == replicas
            assert len(made["cluster"]["replicas"]) == replicas - 1
