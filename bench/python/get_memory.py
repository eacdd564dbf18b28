"""`await store.get(k)` on `memory:`, a dict lookup, and the same get as one future a call."""

import asyncio

import baseline_python
import slipstream
from measure import KEYS, VALUE, measure, rounds, sample

ROW = "python-get-memory"
MANY = 200_000
FEW = 10_000


async def main() -> None:
    async with slipstream.connect("memory:") as conn:
        store = await conn.store("bench")
        for key in KEYS:
            await store.put(key, VALUE)
        # A value of its own for each key, as the store has.
        table = {key: bytes(bytearray(VALUE)) for key in KEYS}
        # The least a dict can do: it reads no value's memory but one.
        one_value = dict.fromkeys(KEYS, VALUE)
        baseline = baseline_python.filled("memory:", KEYS, VALUE)

        async def ours() -> None:
            for key in many:
                await store.get(key)

        async def lookup() -> None:
            for key in many:
                table[key]

        async def lookup_of_one_value() -> None:
            for key in many:
                one_value[key]

        async def a_future_a_call() -> None:
            for key in many[:FEW]:
                await baseline.get(key)

        for number in range(rounds()):
            many = sample(MANY, number)
            await measure(ROW, "slipstream", number, MANY, ours)
            await measure(ROW, "dict lookup", number, MANY, lookup)
            await measure(ROW, "dict lookup, one value", number, MANY, lookup_of_one_value)
            await measure(ROW, "pyo3-async-runtimes", number, FEW, a_future_a_call)


asyncio.run(main())
