"""Readers that stand still for as long as ten minutes of changes take (rules S2, S5, S8)."""

import itertools
from pathlib import Path

import pytest
from kit.caller import Caller
from kit.nats_server import NatsServer

STORE = "state"
MINUTES = 10
A_SECOND = 500
CHANGES = MINUTES * 60 * A_SECOND
KEYS = 20_000
VALUE = b"v" * 500
# What a process may hold of them meanwhile, in bytes: a third.
HELD = CHANGES * len(VALUE) // 3
WRITING = 240.0


@pytest.mark.parametrize("consumer", ["kept", "removed by the server"])
def test_s2_a_reader_that_stood_still_for_ten_minutes_of_changes_goes_on(
    server: NatsServer, callers: tuple[Caller, ...], consumer: str
) -> None:
    for caller in callers:
        caller.call("connect", server.url)
        caller.call("store", STORE)
    writer, *_ = callers
    writer.call("put", "first", b"0")
    for caller in callers:
        caller.call("watch", "")
        assert caller.call("next", 1)[0]["key"] == "first"
    before = {caller: resident(caller) for caller in callers}
    writer.call("put_many", "k.", CHANGES, VALUE, at_once=512, keys=KEYS, seconds=WRITING)
    last = number(writer.call("put", "last", b"0"))
    for caller in callers:
        assert resident(caller) - before[caller] < HELD
    if consumer == "removed by the server":
        # As it does after half a minute in which nobody asks it.
        server.jetstream.delete_consumers(STORE)
    for caller in callers:
        updates = caller.call("until", "last", seconds=WRITING)
        versions = [number(update["version"]) for update in updates]
        assert all(one < after for one, after in itertools.pairwise(versions))
        state = dict(zip((update["key"] for update in updates), versions, strict=True))
        expected = {f"k.{key}" for key in range(KEYS)} | {"last"}
        assert set(state) == expected
        # The puts of a key were not ordered, but the last of each is of the last round.
        assert all(version > last - 2 * KEYS for version in state.values())


def number(version: bytes) -> int:
    return int.from_bytes(version, "big")


def resident(caller: Caller) -> int:
    """The bytes of memory that a process has."""
    status = Path(f"/proc/{caller.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) << 10
