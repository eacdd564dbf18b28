"""Which server of a list is taken, and what is said of those that are not."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attempt import refused, works
from kit.caller import Caller
from kit.nats_cluster import NatsCluster
from kit.nats_server import NatsServer
from kit.ports import HOST, free_port
from kit.wait import wait_for

# Takes no connection and refuses none (RFC 5737): nothing ever answers from there.
BLACK_HOLE = "192.0.2.1"
# The servers of a cluster may take ten seconds to choose a new leader (seconds).
PATIENCE = 25


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server((HOST, 0)) as listener:
        yield f"{HOST}:{listener.getsockname()[1]}"


def test_dead_servers_of_a_list_are_passed_over(
    caller: Caller, silent: str, tmp_path: Path
) -> None:
    with NatsServer(tmp_path) as server:
        works(caller, f"nats://{HOST}:{free_port()},{server.address}")
        works(
            caller,
            f"nats://{silent},{HOST}:{free_port()}, nats://{server.address}",
            connect_timeout=3,
        )


def test_l4_a_refused_port_is_named_at_once(caller: Caller) -> None:
    port = free_port()
    started = time.monotonic()
    error = refused(caller, f"nats://u:SECRET@{HOST}:{port}", connect_timeout=20)
    assert time.monotonic() - started < 10
    assert (error.name, error.retryable) == ("ConnectionFailed", True)
    assert f"{HOST}:{port}" in error.message and "refused" in error.message
    assert "SECRET" not in error.message


def test_l4_a_host_without_an_address_is_named(caller: Caller) -> None:
    # Where there is no network, names take long not to be found.
    error = refused(caller, "nats://no-such-host.invalid", connect_timeout=PATIENCE)
    assert error.name == "ConnectionFailed"
    assert "no-such-host.invalid:4222" in error.message and "DNS" in error.message


def test_l4_every_server_of_a_list_is_named_with_its_cause(caller: Caller, silent: str) -> None:
    closed = f"{HOST}:{free_port()}"
    error = refused(caller, f"nats://{closed},{silent}", connect_timeout=1)
    assert error.name == "ConnectionFailed"
    assert f"{closed}: IO error: Connection refused" in error.message
    assert f"{silent}: no answer within" in error.message


def test_l4_what_never_answers_ends_within_the_connect_timeout(caller: Caller, silent: str) -> None:
    for address in (silent, f"{BLACK_HOLE}:4222", f"{silent},{BLACK_HOLE}"):
        started = time.monotonic()
        error = refused(caller, f"nats://u:SECRET@{address}", connect_timeout=1)
        took = time.monotonic() - started
        # A network may say at once that it does not know the black hole.
        assert error.name == "ConnectionFailed" and took < 5
        assert all(one.split(":")[0] in error.message for one in address.split(","))
        assert "SECRET" not in error.message


def test_l4_a_server_that_is_full_says_so(caller: Caller, tmp_path: Path) -> None:
    with NatsServer(tmp_path, "max_connections: 1") as server:
        works(caller, server.url)
        error = refused(caller, server.url, connect_timeout=2)
        assert error.name == "ConnectionFailed" and server.address in error.message
        assert "maximum connections exceeded" in error.message


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nats://u:SECRET@", "no host"),
        ("nats://u:SECRET@host:x", "port"),
        ("nats://u:SEC/RET@host", "%2F"),
        ("nats://u:SECRET%@host", "hexadecimal"),
        ("nats://a,http://u:SECRET@b", "server 2"),
        ("nats://u:SECRET@a,ws://b", "mixed"),
        ("redis://u:SECRET@host", "redis"),
        ("SECRET@host:4222", "nats://"),
    ],
)
def test_l4_a_url_that_is_none_is_refused_without_its_password(
    caller: Caller, url: str, says: str
) -> None:
    error = refused(caller, url)
    assert error.name == "InvalidArgument" and says in error.message
    assert "SECRET" not in error.message and "RET" not in error.message


def test_l1_a_connection_moves_to_another_server_of_the_list(
    caller: Caller, tmp_path: Path
) -> None:
    with NatsCluster(tmp_path) as cluster:
        urls = ",".join(server.url for server in cluster.servers.values())
        caller.call("connect", urls, timeout=PATIENCE)
        caller.call("store", "nodes", num_replicas=3)
        caller.call("put", "a", b"1")
        for server in cluster.servers.values():
            server.restart()
            cluster.wait_whole()
            cluster.wait_current("nodes")
            wait_for("the connection is back", lambda: caller.call("is_healthy"))
            assert caller.call("get", "a")["value"] == b"1"


def test_a_server_that_was_only_told_of_is_found_when_the_known_one_ends(
    caller: Caller, tmp_path: Path
) -> None:
    with NatsCluster(tmp_path) as cluster:
        first, *_ = cluster.servers.values()
        dead = f"{HOST}:{free_port()}"
        caller.call("connect", f"nats://{first.address},{dead}", timeout=PATIENCE)
        caller.call("store", "nodes", num_replicas=3)
        caller.call("put", "a", b"1")
        first.stop()
        wait_for("the connection is back", lambda: caller.call("is_healthy"))
        assert caller.call("get", "a")["value"] == b"1"
