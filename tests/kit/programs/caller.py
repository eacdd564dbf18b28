"""Makes the calls that come in as lines of JSON, on one connection, store and watch at a time."""

import asyncio
import json
import sys
from typing import Any

import slipstream


class Caller:
    connection: slipstream.Connection
    opened: slipstream.Store
    watched: slipstream.Watch

    async def connect(self, url: str, **options: Any) -> None:
        self.connection = await slipstream.connect(url, **options)

    async def store(self, name: str, **options: Any) -> None:
        self.opened = await self.connection.store(name, **options)

    async def close(self) -> None:
        await self.connection.close()

    def watch(self, *prefixes: str, **options: Any) -> None:
        self.watched = self.opened.watch(*prefixes, **options)

    async def synced(self) -> None:
        await self.watched.synced()

    async def next(self, count: int) -> list[Any]:
        return [await anext(self.watched) for _ in range(count)]

    def cursor(self) -> bytes:
        return self.watched.cursor

    async def call(self, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
        method = getattr(self, name, None) or getattr(self.opened, name)
        answer = method(*arguments, **options)
        return await answer if hasattr(answer, "__await__") else answer


def decode(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def encode(value: Any) -> Any:
    match value:
        case bytes():
            return {"hex": value.hex()}
        case list():
            return [encode(item) for item in value]
        case slipstream.Entry(key, content, version):
            return {"key": key, "value": encode(content), "version": encode(version)}
        case slipstream.Put() | slipstream.Delete() | slipstream.Purge():
            return {
                "type": type(value).__name__.lower(),
                "key": value.key,
                "value": encode(getattr(value, "value", None)),
                "version": encode(value.version),
                "cursor": encode(value.cursor),
            }
        case _:
            return value


def describe(error: Exception) -> dict[str, Any]:
    return {
        "name": type(error).__name__,
        "message": str(error),
        "code": getattr(error, "code", None),
        "retryable": getattr(error, "retryable", None),
        "outcome_unknown": getattr(error, "outcome_unknown", None),
    }


async def main() -> None:
    caller = Caller()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        arguments = [decode(argument) for argument in told["arguments"]]
        options = {name: decode(value) for name, value in told["options"].items()}
        try:
            said = {"answer": encode(await caller.call(told["call"], arguments, options))}
        except Exception as error:
            said = {"error": describe(error)}
        print(json.dumps(said), flush=True)


asyncio.run(main())
