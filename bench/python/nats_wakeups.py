"""How often the event loop wakes for a `get` on a nats-server, many of them in flight: how often
its selector returns with something to do."""

import asyncio
import selectors

from in_flight import InFlight
from measure import report, rounds, row
from nats_data import sample
from nats_gets import gets

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
    async with gets() as (ours, peer):
        for call in (ours, peer):
            await InFlight(sample(WARM_UP, rounds()), in_flight, call).run()
        for number in range(rounds()):
            keys = sample(GETS, number)
            for who, call in (("slipstream", ours), ("nats-py", peer)):
                before = selector.wakeups
                await InFlight(keys, in_flight, call).run()
                wakeups = (selector.wakeups - before) / GETS
                report(row(), who, number, wakeups=wakeups)


selector = CountingSelector()
with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
    runner.run(main(selector))
