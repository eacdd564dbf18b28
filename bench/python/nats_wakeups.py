"""How often the event loop wakes for a `get` on a nats-server, many of them in flight: how often
its selector returns with something to do."""

import asyncio
import selectors

import nats
import slipstream
from in_flight import InFlight
from measure import VALUE, report, rounds, row
from nats_data import BUCKET, URL, sample

GETS = 20_000
WARM_UP = 2_000


class CountingSelector(selectors.DefaultSelector):
    """The selector that asyncio uses, which counts."""

    wakeups = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout)
        self.wakeups += bool(events)
        return events


async def main(selector: CountingSelector) -> None:
    in_flight = int(row().rpartition("-")[2])
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

        for call in (ours, peer):
            await InFlight(sample(WARM_UP, rounds()), in_flight, call).run()
        for number in range(rounds()):
            keys = sample(GETS, number)
            for who, call in (("slipstream", ours), ("nats-py", peer)):
                before = selector.wakeups
                await InFlight(keys, in_flight, call).run()
                wakeups = (selector.wakeups - before) / GETS
                report(row(), who, number, wakeups=wakeups)
    await client.close()


selector = CountingSelector()
with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
    runner.run(main(selector))
