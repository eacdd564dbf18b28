"""A watch of a bucket, by `async for`, while another process writes every key once at full speed:
how far it falls behind, and what an update costs."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import nats
import slipstream
from measure import report, rounds
from nats_data import BUCKET, KEYS, URL
from nats_writer import STEP, Writer, most_behind

ROW = "nats-python-live"


async def main() -> None:
    client = await nats.connect(URL)
    bucket = await client.jetstream().key_value(BUCKET)
    async with slipstream.connect(URL) as conn:
        store = await conn.store(BUCKET)

        async def ours(live: Live) -> None:
            async with store.watch("") as watch:
                async for update in watch:
                    _key, _value = update.key, update.value
                    if live.is_last():
                        return

        async def peer(live: Live) -> None:
            watcher = await bucket.watchall()
            async for entry in watcher:
                # It says by this that the first state is complete.
                if entry is None:
                    continue
                _key, _value = entry.key, entry.value
                if live.is_last():
                    break
            await watcher.stop()

        for number in range(rounds()):
            await measured("slipstream", number, ours)
            await measured("nats-py", number, peer)
    await client.close()


class Live:
    """Counts updates: those of the first state, then those of the writer that it starts."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._count = -len(KEYS)
        self._cpu = 0.0
        self.seen: list[float] = []

    def is_last(self) -> bool:
        """Counts one; whether it was the last."""
        self._count += 1
        if self._count % STEP == 0:
            if self._count == 0:
                self._cpu = time.process_time()
                self._writer.start()
            elif self._count > 0:
                self.seen.append(time.monotonic())
        return self._count == len(KEYS)

    def cpu(self) -> float:
        """Processor time since the writer started."""
        return time.process_time() - self._cpu


async def measured(who: str, number: int, watch: Callable[[Live], Awaitable[None]]) -> None:
    with Writer() as writer:
        live = Live(writer)
        await watch(live)
        cpu = live.cpu()
        started, acknowledged = writer.finish()
    behind = most_behind(acknowledged, live.seen) / len(KEYS)
    seconds = live.seen[-1] - started
    report(ROW, who, number, operations=len(KEYS), seconds=seconds, cpu=cpu, behind=behind)


asyncio.run(main())
