"""Watches whose reader stands still while the store goes on (contract rules S2, S5, S5b)."""

from typing import Any

import pytest
from kit.caller import Caller
from kit.cursor import cursor_after
from kit.nats_server import NatsServer

STORE = "state"
# Far more than a watch and its connection take in ahead of their reader.
ROUNDS = 4
EACH = 150
VALUE = b"v" * (32 << 10)
MAX_BYTES = 16 << 20
# What is there before, in the store and not yet in any watch.
STATE = 200
PREFIXES = ("a.", "b.")
KINDS: dict[str, tuple[str, ...]] = {
    "all": ("",),
    "prefix": ("a.",),
    "part of a token": ("b",),
    "prefixes": ("a.", "b.0."),
}

# What depends on when messages arrive shows now and then.
AGAIN = 5

OVERWRITES = 100_000
# What a store that evicts costs to be looked after, however much was overwritten.
REQUESTS = 50


def number(version: bytes) -> int:
    return int.from_bytes(version, "big")


@pytest.mark.parametrize("began", ["fresh", "resumed", "within its first state"])
def test_s5b_retention_that_overruns_a_watch_of_any_kind_ends_it(
    server: NatsServer, callers: tuple[Caller, ...], began: str
) -> None:
    for caller in callers:
        caller.call("connect", server.url)
        caller.call("store", STORE, max_bytes=MAX_BYTES, discard="old")
    writer = callers[0]
    writer.call("put", "a.0.seed", b"0")
    seeded = writer.call("put", "b.0.seed", b"0")
    # The key, or how it begins, of every version.
    keys = ["a.0.seed", "b.0.seed"]

    def write(prefix: str, count: int) -> None:
        writer.call("put_many", prefix, count, VALUE)
        keys.extend([prefix] * count)

    if began == "within its first state":
        for prefix in PREFIXES:
            write(f"{prefix}state.", STATE)
    cursor = cursor_after(seeded) if began == "resumed" else None
    for caller in callers:
        for kind, prefixes in KINDS.items():
            caller.call("watch", *prefixes, name=kind, cursor=cursor)
    if began == "resumed":
        for key in list(keys):
            writer.call("put", key, b"1")
            keys.append(key)
    # Each has begun, and then its reader stands still.
    begun = {
        (caller, kind): caller.call("next", 1, name=kind)[0] for caller in callers for kind in KINDS
    }

    for turn in range(ROUNDS):
        for prefix in PREFIXES:
            write(f"{prefix}{turn}.", EACH)
    for caller in callers:
        for kind, prefixes in KINDS.items():
            told = caller.call("rest", name=kind)
            assert told["ended"] == "CursorExpired", kind
            versions = [number(update["version"]) for update in told["updates"]]
            watched = [
                version
                for version, key in enumerate(keys, 1)
                if key.startswith(prefixes) and version > number(begun[caller, kind]["version"])
            ]
            # What came before the end was whole.
            assert versions == watched[: len(versions)], kind
            assert len(versions) < len(watched), kind
        # Nothing else has ended: who comes now is told what there is.
        caller.call("watch", "", name="new")
        caller.call("synced", name="new")
        assert caller.call("next", 1, name="new")[0]["value"] == VALUE


def test_s1_a_store_that_has_evicted_is_told_in_full(
    server: NatsServer, callers: tuple[Caller, ...]
) -> None:
    for caller in callers:
        caller.call("connect", server.url)
        caller.call("store", STORE, max_bytes=MAX_BYTES, discard="old")
    callers[0].call("put_many", "a.", ROUNDS * EACH, VALUE)
    callers[0].call("put_many", "b.", EACH, VALUE)
    callers[0].call("put", "last", VALUE)
    state = [(entry["key"], entry["version"]) for entry in callers[1].call("scan")]
    state.sort(key=lambda entry: entry[1])
    kept = server.jetstream.store(STORE)["state"]["messages"]
    assert EACH < len(state) == kept < ROUNDS * EACH
    for _ in range(AGAIN):
        for caller in callers:
            for prefixes in KINDS.values():
                caller.call("watch", *prefixes, "last")
                updates = caller.call("until", "last")
                told = [(update["key"], update["version"]) for update in updates]
                watched = (*prefixes, "last")
                assert told == [entry for entry in state if entry[0].startswith(watched)]


@pytest.mark.parametrize("config", [{}, {"max_bytes": 1 << 28, "discard": "old"}])
def test_s5_a_busy_key_expires_nobody(
    server: NatsServer, callers: tuple[Caller, ...], config: dict[str, Any]
) -> None:
    writer = callers[0]
    for caller in callers:
        caller.call("connect", server.url)
        caller.call("store", STORE, **config)
    writer.call("put", "quiet", b"0")
    cursor = cursor_after(writer.call("put", "busy.0", b"0"))
    for caller in callers:
        caller.call("watch", "", name="all")
        caller.call("watch", "busy.", "quiet", name="prefixes")
        for name in ("all", "prefixes"):
            assert len(caller.call("next", 2, name=name)) == 2
    writer.call("put_many", "busy.", OVERWRITES, b"1", keys=1, seconds=60)
    last = writer.call("put", "quiet", b"1")
    for caller in callers:
        caller.call("watch", "", name="resumed", cursor=cursor)
        for name in ("all", "prefixes", "resumed"):
            updates = caller.call("until", "quiet", name=name)
            versions = [update["version"] for update in updates]
            assert versions == sorted(set(versions)), name
            state = {update["key"]: number(update["version"]) for update in updates}
            assert state == {"busy.0": number(last) - 1, "quiet": number(last)}, name


def test_d10_a_gap_costs_no_request(server: NatsServer, caller: Caller) -> None:
    caller.call("connect", server.url)
    caller.call("store", STORE, max_bytes=1 << 28, discard="old")
    cursor = cursor_after(caller.call("put", "first", b"0"))
    # Every other version is one that was overwritten.
    caller.call("put_many", "key.", 5_000, b"1")
    caller.call("put_many", "other.", 5_000, b"1")
    caller.call("put_many", "key.", 5_000, b"2")
    for change in range(0, 5_000, 50):
        caller.call("put", f"other.{change}", b"2")
    caller.call("put", "last", b"0")

    before = requests(server)
    caller.call("watch", "", cursor=cursor)
    assert len(caller.call("until", "last")) == 10_001
    assert requests(server) - before <= REQUESTS


def requests(server: NatsServer) -> int:
    """How many the server's JetStream was asked for so far."""
    total: int = server.jetstream.ask("INFO")["api"]["total"]
    return total
