"""Makes whatever calls it is told to with nats-py: what its users do and see."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from nats.js.api import KeyValueConfig
from nats.js.errors import KeyNotFoundError, NoKeysError
from nats.js.kv import KeyValue

sys.path.insert(0, str(Path(__file__).parents[2]))

from kit.programs.answers import answer_calls

ASKED = 3
"""How often, where the first answer may be wrong."""

TYPES = {None: "put", "DEL": "delete", "PURGE": "purge"}


class Caller:
    client: Client
    bucket: KeyValue
    # Not typed in full by nats-py.
    watcher: Any

    async def connect(self, url: str) -> None:
        self.client = await nats.connect(url)

    async def make(self, bucket: str, **config: Any) -> None:
        made = KeyValueConfig(bucket=bucket, **config)
        self.bucket = await self.client.jetstream().create_key_value(made)

    async def open(self, bucket: str) -> None:
        self.bucket = await self.client.jetstream().key_value(bucket)

    async def get(self, key: str) -> KeyValue.Entry | None:
        try:
            return await self.bucket.get(key)
        except KeyNotFoundError:
            return None

    async def put(self, key: str, value: bytes) -> int:
        return await self.bucket.put(key, value)

    async def create(self, key: str, value: bytes, ttl: float | None = None) -> int:
        return await self.bucket.create(key, value, msg_ttl=ttl)

    async def update(self, key: str, value: bytes, revision: int) -> int:
        return await self.bucket.update(key, value, revision)

    async def delete(self, key: str, revision: int | None = None) -> bool:
        return await self.bucket.delete(key, revision)

    async def purge(self, key: str) -> bool:
        return await self.bucket.purge(key)

    async def keys(self) -> list[str]:
        # It takes a bucket for empty while all that is there is on its way, so it is asked again.
        for _ in range(ASKED):
            with contextlib.suppress(NoKeysError):
                return sorted(await self.bucket.keys())
        return []

    async def watch(self, filter_: str) -> None:
        self.watcher = await self.bucket.watch(filter_)

    async def next(self, count: int) -> list[dict[str, Any]]:
        updates: list[dict[str, Any]] = []
        while len(updates) < count:
            # None stands where the first state is complete.
            entry = await self.watcher.updates(timeout=20)
            if entry is not None:
                updates.append({"type": TYPES[entry.operation], **plain(entry)})
        return updates

    async def call(self, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
        return await getattr(self, name)(*arguments, **options)


def plain(value: Any) -> Any:
    if isinstance(value, KeyValue.Entry):
        return {"key": value.key, "value": value.value, "revision": value.revision}
    return value


asyncio.run(answer_calls(Caller().call, plain))
