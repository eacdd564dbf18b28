"""Scans are exact at any size, whoever writes meanwhile, and leave nothing behind (rule R4)."""

from kit.caller import Caller
from kit.nats_server import NatsServer
from kit.wait import wait_for
from slipstream import sync as slipstream

STORE = "state"
KEYS = 20_000
OVERWRITES = 30_000
WRITERS = 8
MANY = 100_000
GONE = 1_000


def last_written(server: NatsServer) -> int:
    version: int = server.jetstream.store(STORE)["state"]["last_seq"]
    return version


def none_is_left(server: NatsServer) -> None:
    wait_for("no consumer is left", lambda: server.jetstream.count_consumers(STORE) == 0, 5)


def test_d2_scans_are_exact_under_eight_writers(
    server: NatsServer, callers: tuple[Caller, ...]
) -> None:
    for caller in callers:
        caller.call("connect", server.url)
        caller.call("store", STORE)
    callers[0].call("put_many", "key.", KEYS, b"0")
    callers[0].call("put_many", "other.", 10, b"0")
    keys = sorted(f"key.{number}" for number in range(KEYS))
    with slipstream.connect(server.url) as connection:
        store = connection.store(STORE)
        for caller in callers:
            caller.begin(
                "put_many", "key.", OVERWRITES, b"1", at_once=WRITERS // len(callers), keys=KEYS
            )
        latest = dict.fromkeys(keys, b"")
        overtaken = 0
        while (begun := last_written(server)) < KEYS + OVERWRITES:
            entries = store.scan("key.")
            assert [entry.key for entry in entries] == keys
            # Nothing is older than what was read before.
            assert all(entry.version >= latest[entry.key] for entry in entries)
            latest = {entry.key: entry.version for entry in entries}
            assert store.keys("key.") == keys
            overtaken += last_written(server) > begun
        # Else nobody wrote meanwhile, and nothing was shown.
        assert overtaken > 0
        for caller in callers:
            caller.outcome(seconds=60)
        # A scan has the versions of get (R4).
        for entry in store.scan("key.1999"):
            assert store.get(entry.key) == entry
        none_is_left(server)


def test_r4_a_hundred_thousand_keys_are_listed_exactly(
    server: NatsServer, callers: tuple[Caller, ...]
) -> None:
    writer, reader = callers
    for caller in callers:
        caller.call("connect", server.url)
        caller.call("store", STORE)
    writer.call("put_many", "key.", MANY, b"0", at_once=256, seconds=60)
    for number in range(GONE):
        writer.begin(("delete", "purge")[number % 2], f"key.{number}")
    for _ in range(GONE):
        writer.outcome()
    keys = sorted(f"key.{number}" for number in range(GONE, MANY))
    with slipstream.connect(server.url) as connection:
        store = connection.store(STORE)
        entries = store.scan()
        assert [entry.key for entry in entries] == keys
        assert all(entry.value == b"0" for entry in entries)
        assert store.keys() == keys
    assert reader.call("keys", "key.9", seconds=60) == [
        key for key in keys if key.startswith("key.9")
    ]
    none_is_left(server)
