"""What a server or a store does not take is refused, quickly and without harm (rules W7, E)."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
import slipstream
from kit.caller import Caller, CallFailed
from kit.nats_server import NatsServer
from kit.proxy import Proxy
from kit.wait import wait_for

STORE = "state"
MAX_PAYLOAD = 1 << 16
# Far below the deadline of a call, which is 5 s.
QUICKLY = 2.0
MAX_BYTES = 1 << 16
# Smaller and larger than the marker that takes a value's place.
SIZES = (20, 1000)
MAX_CONSUMERS = 3
# What the server allows a store unless it is told otherwise.
DEFAULT_CONSUMERS = 1_000
# The server removes a consumer that nobody asks any more after half a minute.
GOES_ON = 45.0


def refused(caller: Caller, call: str, *arguments: object, **options: Any) -> CallFailed:
    started = time.monotonic()
    with pytest.raises(CallFailed) as failed:
        caller.call(call, *arguments, **options)
    assert time.monotonic() - started < QUICKLY
    return failed.value


def over_limit(caller: Caller, call: str, *arguments: object, **options: Any) -> CallFailed:
    error = refused(caller, call, *arguments, **options)
    assert error.code == "LimitExceeded"
    return error


def goes_on(caller: Caller, value: bytes) -> None:
    """The watch that was there before is told of a write at once."""
    caller.call("put", "watched", value)
    (update,) = caller.call("next", 1, name="before", seconds=QUICKLY)
    assert update["value"] == value


@pytest.fixture
def watching(server: NatsServer, caller: Caller) -> Caller:
    """A caller with a watch of the key ``watched``."""
    caller.call("connect", server.url)
    caller.call("store", STORE)
    caller.call("watch", "watched", name="before")
    caller.call("synced", name="before")
    return caller


def test_d12_a_value_over_the_limit_that_the_server_announces_is_refused_here(
    tmp_path: Path, caller: Caller
) -> None:
    with NatsServer(tmp_path / "small", f"max_payload: {MAX_PAYLOAD}") as server:
        caller.call("connect", server.url)
        caller.call("store", STORE)
        caller.call("watch", "watched", name="before")
        caller.call("synced", name="before")
        for write in ("put", "create"):
            error = over_limit(caller, write, "large", b"v" * (MAX_PAYLOAD + 1))
            assert str(MAX_PAYLOAD) in error.message
            assert error.outcome_unknown is False
        version = caller.call("put", "large", b"v" * MAX_PAYLOAD)
        assert len(caller.call("get", "large")["value"]) == MAX_PAYLOAD
        # What goes along with the value counts too.
        over_limit(caller, "update", "large", b"w" * MAX_PAYLOAD, version)
        over_limit(caller, "put", "large", b"w" * MAX_PAYLOAD, ttl=60)
        assert caller.call("is_healthy") is True
        goes_on(caller, b"1")
        assert "maximum payload" not in server.log.lower()


def test_d12_a_key_of_any_length_does_no_harm(watching: Caller) -> None:
    longest = "k" * 511 + "." + "l" * 512
    version = watching.call("put", longest, b"1")
    assert watching.call("get", longest)["version"] == version
    assert watching.call("keys", longest) == [longest]
    watching.call("watch", longest)
    assert watching.call("next", 1)[0]["key"] == longest
    for length in (1025, 3_072):
        assert refused(watching, "put", "k" * length, b"1").code == "InvalidArgument"
        assert watching.call("get", "k" * length) is None
        assert watching.call("keys", "k" * length) == []
    for length in (3_073, 5_000, 1 << 20):
        assert refused(watching, "put", "k" * length, b"1").code == "InvalidArgument"
        assert refused(watching, "get", "k" * length).code == "InvalidArgument"
    goes_on(watching, b"1")


@pytest.mark.parametrize(
    ("size", "config"),
    # Where there is history, a marker comes in addition to what it removes.
    [*((size, {}) for size in SIZES), (max(SIZES), {"max_history": 3})],
)
def test_w7_a_full_store_refuses_puts_and_lets_itself_be_emptied(
    server: NatsServer, caller: Caller, size: int, config: dict[str, Any]
) -> None:
    caller.call("connect", server.url)
    caller.call("store", STORE, max_bytes=MAX_BYTES, **config)
    value = b"v" * size
    written = 0
    with pytest.raises(CallFailed) as full:
        while written * size < 2 * MAX_BYTES:
            caller.call("put", f"key.{written}", value)
            written += 1
    assert full.value.code == "LimitExceeded"
    assert written > 4
    over_limit(caller, "put", "one.more", value)
    over_limit(caller, "create", "one.more", value)

    caller.call("delete", "key.0")
    caller.call("purge", "key.1")
    caller.call("put", "key.1", value)
    assert caller.call("get", "key.1")["value"] == value
    for number in range(1, written):
        caller.call("purge", f"key.{number}")
        assert caller.call("get", f"key.{number}") is None
    assert caller.call("keys") == []
    caller.call("put", "key.1", value)
    assert caller.call("keys") == ["key.1"]


def test_w7_a_full_store_lets_a_version_be_deleted(server: NatsServer, caller: Caller) -> None:
    caller.call("connect", server.url)
    caller.call("store", STORE, max_bytes=MAX_BYTES)
    value = b"v" * max(SIZES)
    versions: list[bytes] = []
    with pytest.raises(CallFailed):
        while len(versions) * len(value) < 2 * MAX_BYTES:
            versions.append(caller.call("put", f"key.{len(versions)}", value))
    assert refused(caller, "delete_with_version", "key.1", versions[0]).code == "RevisionMismatch"
    assert caller.call("delete_with_version", "key.1", versions[1]) is True
    caller.call("put", "one.more", value)


def test_w7_a_full_server_lets_its_stores_be_emptied(tmp_path: Path, caller: Caller) -> None:
    folder = tmp_path / "full"
    limits = f'jetstream {{ store_dir: "{folder}/store", max_file_store: {MAX_BYTES} }}'
    with NatsServer(folder, limits) as server:
        caller.call("connect", server.url)
        caller.call("store", STORE)
        value = b"v" * max(SIZES)
        written = 0
        with pytest.raises(CallFailed) as full:
            while written * len(value) < 2 * MAX_BYTES:
                caller.call("put", f"key.{written}", value)
                written += 1
        assert full.value.code == "LimitExceeded"
        assert caller.call("delete", "key.0") is True
        for number in range(1, written):
            caller.call("purge", f"key.{number}")
        assert caller.call("keys") == []
        caller.call("put", "one.more", value)
        assert caller.call("keys") == ["one.more"]


def test_d15_one_watch_more_than_the_store_allows_is_refused(
    server: NatsServer, caller: Caller
) -> None:
    server.jetstream.create_store(STORE, max_consumers=MAX_CONSUMERS)
    caller.call("connect", server.url)
    caller.call("store", STORE)
    caller.call("watch", "watched", name="before")
    caller.call("synced", name="before")
    for number in range(1, MAX_CONSUMERS):
        caller.call("watch", "", name=f"{number}")
        caller.call("synced", name=f"{number}")
    caller.call("watch", "", name="one more")
    over_limit(caller, "synced", name="one more")
    goes_on(caller, b"1")
    # One that is closed makes room for another one.
    caller.call("close_watch", name="1")
    wait_for(
        "the watch is gone",
        lambda: server.jetstream.count_consumers(STORE) < MAX_CONSUMERS,
        seconds=5,
    )
    caller.call("watch", "watched", name="another")
    assert caller.call("next", 1, name="another")[0]["value"] == b"1"


def test_d15_a_thousand_watches_are_open_at_once_and_one_more_is_refused(
    server: NatsServer, caller: Caller
) -> None:
    caller.call("connect", server.url)
    caller.call("store", STORE)
    caller.call("put", "watched", b"0")
    for number in range(DEFAULT_CONSUMERS):
        caller.begin("watch", "watched", name=f"{number}")
        caller.begin("synced", name=f"{number}")
    for _ in range(DEFAULT_CONSUMERS):
        caller.outcome()
        caller.outcome()
    assert server.jetstream.count_consumers(STORE) == DEFAULT_CONSUMERS
    caller.call("watch", "", name="one more")
    over_limit(caller, "synced", name="one more")
    # Every one is told of a write.
    caller.call("put", "watched", b"1")
    for number in range(DEFAULT_CONSUMERS):
        caller.begin("next", 2, name=f"{number}")
    for _ in range(DEFAULT_CONSUMERS):
        assert caller.outcome()[-1]["value"] == b"1"
    caller.call("close")
    assert server.jetstream.count_consumers(STORE) == 0


def test_s7_as_many_watches_as_are_allowed_go_on_after_a_cut(server: NatsServer) -> None:
    async def watched(proxy: Proxy) -> None:
        async with slipstream.connect(proxy.url) as connection:
            store = await connection.store(STORE)
            watches = [store.watch("watched") for _ in range(DEFAULT_CONSUMERS)]
            await asyncio.gather(*(watch.synced() for watch in watches))
            updates = [asyncio.ensure_future(anext(watch)) for watch in watches]
            proxy.cut()
            # A read waits for the new connection, a write might go down with the old one.
            await store.get("watched")
            version = await store.put("watched", b"1")
            async with asyncio.timeout(GOES_ON):
                assert {(await update).version for update in updates} == {version}

    with Proxy(server.port) as proxy:
        asyncio.run(watched(proxy))
    assert server.jetstream.count_consumers(STORE) == 0
