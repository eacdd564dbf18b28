"""`get` of the bucket that is measured, ours and nats-py's on the running event loop."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import nats
import slipstream
from measure import VALUE
from nats_data import BUCKET, URL

Get = Callable[[str], Awaitable[None]]


@asynccontextmanager
async def gets() -> AsyncIterator[tuple[Get, Get]]:
    """Both calls, each of which looks at what it got."""
    client = await nats.connect(URL)
    bucket = await client.jetstream().key_value(BUCKET)
    async with slipstream.connect(URL) as conn:
        store = await conn.store(BUCKET)

        async def ours(key: str) -> None:
            entry = await store.get(key)
            assert entry is not None and len(entry.value) == len(VALUE)

        async def peer(key: str) -> None:
            entry = await bucket.get(key)
            assert entry.value is not None and len(entry.value) == len(VALUE)

        yield ours, peer
    await client.close()
