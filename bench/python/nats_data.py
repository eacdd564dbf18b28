"""The bucket that a row of NATS finds on its server: bench/nats/src/data.rs filled it."""

import os
import random

URL = os.environ["NATS_URL"]
BUCKET = "bench"
KEYS = [f"node.{number // 10:05}.{number % 10}" for number in range(100_000)]
# The Rust program beside these: bare sockets, and the other process that writes.
PROGRAM = os.environ["NATS_PROGRAM"]


def sample(count: int, order: int) -> list[str]:
    """`count` of the keys in one of many orders, each the same in every run."""
    return random.Random(order).choices(KEYS, k=count)
