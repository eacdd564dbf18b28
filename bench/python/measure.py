"""How a Python contestant is timed, and the data that all of them share."""

import gc
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from statistics import median

VALUE = b"v" * 128
KEYS = [f"node.{number:06}" for number in range(100_000)]


def rounds() -> int:
    """How many rounds `bench/run.py` asked for."""
    return int(sys.argv[1])


def directory() -> str:
    """An empty directory for files of this run."""
    return sys.argv[2]


def row() -> str:
    """Which row `bench/run.py` asked for, of a program that measures several."""
    return sys.argv[3]


def sample(count: int, order: int) -> list[str]:
    """`count` keys in one of many orders: a round reads in another one than the round before, which
    no cache can guess, and in the same one in every run."""
    return random.Random(order).choices(KEYS, k=count)


async def measure(
    row: str, who: str, number: int, operations: int, run: Callable[[], Awaitable[None]]
) -> None:
    """Times one run of `operations` operations and prints it as a JSON line."""
    with timed(row, who, number, operations):
        await run()


@contextmanager
def timed(row: str, who: str, number: int, operations: int) -> Iterator[None]:
    """Times what is done within, `operations` operations, and prints it as a JSON line."""
    # What the one before has left behind is not this one's.
    gc.collect()
    started, cpu = time.perf_counter(), time.process_time()
    yield
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    report(row, who, number, operations=operations, seconds=seconds, cpu=cpu)


async def measure_each(
    row: str, who: str, number: int, keys: list[str], call: Callable[[str], Awaitable[None]]
) -> None:
    """Times a call for each key, one at a time, and prints the time in the middle as one
    operation."""
    gc.collect()
    times = []
    cpu = time.process_time()
    for key in keys:
        started = time.perf_counter()
        await call(key)
        times.append(time.perf_counter() - started)
    cpu = (time.process_time() - cpu) / len(keys)
    report(row, who, number, operations=1, seconds=median(times), cpu=cpu)


def report(row: str, who: str, number: int, **figures: float) -> None:
    """Prints what was measured in round `number`."""
    print(json.dumps({"row": row, "who": who, "round": number, **figures}), flush=True)
