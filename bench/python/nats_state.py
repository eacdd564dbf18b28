"""The whole state of a bucket of a hundred thousand keys, by `async for` over a watch."""

import asyncio

import nats
import slipstream
from measure import measure, rounds
from nats_data import BUCKET, KEYS, URL

ROW = "nats-python-state"


async def main() -> None:
    client = await nats.connect(URL)
    bucket = await client.jetstream().key_value(BUCKET)
    async with slipstream.connect(URL) as conn:
        store = await conn.store(BUCKET)

        async def ours() -> None:
            left = len(KEYS)
            async with store.watch("") as watch:
                async for update in watch:
                    _key, _value = update.key, update.value
                    left -= 1
                    if not left:
                        return

        async def peer() -> None:
            left = len(KEYS)
            watcher = await bucket.watchall()
            async for entry in watcher:
                if entry is None:
                    break
                _key, _value = entry.key, entry.value
                left -= 1
            await watcher.stop()
            assert not left

        for number in range(rounds()):
            await measure(ROW, "slipstream", number, len(KEYS), ours)
            await measure(ROW, "nats-py watchall", number, len(KEYS), peer)
    await client.close()


asyncio.run(main())
