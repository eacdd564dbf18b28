"""Closes a connection while writes of every kind are under way, and says what each was told."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import slipstream
from slipstream import sync

KINDS = (
    "put", "put_ttl", "create", "create_ttl", "update", "update_ttl",
    "delete", "delete_with_version", "purge",
)  # fmt: skip
FIRST = ("update", "update_ttl", "delete", "delete_with_version", "purge")
TTL = 600


def keys(order: Any) -> list[tuple[str, str]]:
    """The kind of each write of a round, and its key, which is its value as well."""
    return [(KINDS[i % len(KINDS)], f"{order['round']}.{i}") for i in range(order["writes"])]


def begin(store: Any, kind: str, key: str, version: bytes) -> Any:
    value = key.encode()
    match kind:
        case "put":
            return store.put(key, value)
        case "put_ttl":
            return store.put(key, value, ttl=TTL)
        case "create":
            return store.create(key, value)
        case "create_ttl":
            return store.create(key, value, ttl=TTL)
        case "update":
            return store.update(key, value, version)
        case "update_ttl":
            return store.update(key, value, version, ttl=TTL)
        case "delete":
            return store.delete(key)
        case "delete_with_version":
            return store.delete_with_version(key, version)
        case _:
            return store.purge(key)


def told(kind: str, key: str, error: object) -> dict[str, object]:
    code = unknown = None
    if isinstance(error, slipstream.KvError):
        code, unknown = error.code, error.outcome_unknown
    elif isinstance(error, BaseException):
        raise error
    return {"kind": kind, "key": key, "code": code, "unknown": unknown}


def say(said: object) -> None:
    print(json.dumps(said), flush=True)


async def awaited(url: str, timeout: float) -> None:
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        conn = await slipstream.connect(url, timeout=timeout)
        store = await conn.store("closing")
        writes = keys(order)
        versions = {key: await store.put(key, b"-") for kind, key in writes if kind in FIRST}
        say("ready")
        sys.stdin.readline()

        def call(
            kind: str, key: str, store: Any = store, versions: Any = versions
        ) -> asyncio.Task[object]:
            return asyncio.create_task(begin(store, kind, key, versions.get(key, b"")))

        early = len(writes) - order["late"]
        calls = [call(*write) for write in writes[:early]]
        await asyncio.sleep(order["after"])
        closing = asyncio.create_task(conn.close())
        calls += [call(*write) for write in writes[early:]]
        ends = await asyncio.gather(*calls, return_exceptions=True)
        await closing
        say([told(*write, end) for write, end in zip(writes, ends, strict=True)])


def blocking(url: str, timeout: float) -> None:
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        conn = sync.connect(url, timeout=timeout)
        store = conn.store("closing")
        writes = keys(order)
        versions = {key: store.put(key, b"-") for kind, key in writes if kind in FIRST}
        ends: dict[str, object] = {}
        say("ready")
        sys.stdin.readline()

        def call(
            kind: str, key: str, store: Any = store, versions: Any = versions, ends: Any = ends
        ) -> None:
            try:
                ends[key] = begin(store, kind, key, versions.get(key, b""))
            except slipstream.KvError as error:
                ends[key] = error

        threads = [threading.Thread(target=call, args=write) for write in writes]
        early = len(writes) - order["late"]
        closing = threading.Thread(target=conn.close)
        for thread in threads[:early]:
            thread.start()
        time.sleep(order["after"])
        for thread in (closing, *threads[early:]):
            thread.start()
        for thread in (closing, *threads):
            thread.join()
        say([told(kind, key, ends[key]) for kind, key in writes])


def main(mode: str, url: str, timeout: str) -> None:
    run: Callable[[str, float], None] = blocking
    if mode == "sync":
        run(url, float(timeout))
    else:
        asyncio.run(awaited(url, float(timeout)))


main(*sys.argv[1:])
