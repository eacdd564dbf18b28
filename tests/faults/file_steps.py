"""What the tests of a file do with it, in processes of either language."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from kit.caller import Caller, CallFailed
from slipstream import sync as slipstream

KEYS = 50
BIG = 100_000
WRITES = 150


def opened(caller: Caller, url: str) -> None:
    caller.call("connect", url)
    caller.call("store", "state")


def refused(caller: Caller, url: str) -> str:
    """What a refusal to open the store says."""
    with pytest.raises(CallFailed) as failed:
        caller.call("connect", url)
    assert (failed.value.name, failed.value.code) == ("ConnectionFailed", "ConnectionFailed")
    return failed.value.message


def put_all(caller: Caller, prefix: str) -> set[str]:
    caller.call("put_many", prefix, KEYS, b"1")
    return {f"{prefix}{number}" for number in range(KEYS)}


def put_at_once(*callers: Caller) -> set[str]:
    """Has all write at the same time, in large commits that would destroy what is not locked."""
    with ThreadPoolExecutor(len(callers)) as threads:
        writes = [
            threads.submit(caller.call, "put_many", f"{index}.", WRITES, bytes(BIG))
            for index, caller in enumerate(callers)
        ]
        for write in writes:
            write.result()
    return {f"{index}.{number}" for index in range(len(callers)) for number in range(WRITES)}


def found(url: str) -> set[str]:
    """The keys in a file, which is opened for that and read as a whole."""
    with slipstream.connect(url) as connection:
        return {entry.key for entry in connection.store("state").scan("")}
