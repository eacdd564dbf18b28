"""`get` and `put` on a nats-server, many of them in flight: ours, nats-py, one pyo3-async-runtimes
future a call over async-nats, and what the server gives a bare socket."""

import asyncio
import subprocess

import baseline_python
import nats
import slipstream
from in_flight import InFlight
from measure import VALUE, measure, rounds, row
from nats_data import BUCKET, PROGRAM, URL, sample

CALLS = 40_000
FEW = 5_000
WARM_UP = 2_000


async def main() -> None:
    _, _, operation, count = row().split("-")
    client = await nats.connect(URL)
    bucket = await client.jetstream().key_value(BUCKET)
    baseline = baseline_python.bucket(URL, BUCKET)
    async with slipstream.connect(URL) as conn:
        store = await conn.store(BUCKET)

        async def get(key: str) -> None:
            entry = await store.get(key)
            assert entry is not None and len(entry.value) == len(VALUE)

        async def get_peer(key: str) -> None:
            entry = await bucket.get(key)
            assert entry.value is not None and len(entry.value) == len(VALUE)

        async def get_future(key: str) -> None:
            value = await baseline.get(key)
            assert value is not None and len(value) == len(VALUE)

        async def put(key: str) -> None:
            await store.put(key, VALUE)

        async def put_peer(key: str) -> None:
            await bucket.put(key, VALUE)

        async def put_future(key: str) -> None:
            await baseline.put(key, VALUE)

        calls = {
            "get": (get, get_peer, get_future),
            "put": (put, put_peer, put_future),
        }[operation]
        names = ("slipstream", "nats-py", "pyo3-async-runtimes")
        numbers = (CALLS, CALLS, FEW)
        for call in calls:
            await InFlight(sample(WARM_UP, rounds()), int(count), call).run()
        for number in range(rounds()):
            keys = sample(CALLS, number)
            for who, call, most in zip(names, calls, numbers, strict=True):
                run = InFlight(keys[:most], int(count), call).run
                await measure(row(), who, number, most, run)
            subprocess.run([PROGRAM, "floor", row(), str(number), operation, count], check=True)
    await client.close()


asyncio.run(main())
