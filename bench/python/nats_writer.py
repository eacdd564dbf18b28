"""Another process that writes every key of the bucket once, at full speed (`nats write`)."""

import json
import subprocess
from bisect import bisect_right
from typing import Self

from nats_data import PROGRAM

# How many updates lie between two of the times that are taken.
STEP = 1_000


class Writer:
    """The process, ready to start. Its times are seconds of ``time.monotonic()``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [PROGRAM, "write"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._said() == "ready\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("start\n")
        self._process.stdin.flush()

    def finish(self) -> tuple[float, list[float]]:
        """When it started, and when each thousand writes were acknowledged."""
        said = json.loads(self._said())
        return said["started"], said["acknowledged"]

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def most_behind(acknowledged: list[float], seen: list[float]) -> int:
    """The most updates that were acknowledged and not yet seen, at any of the times when another
    thousand had been seen."""
    return STEP * max(bisect_right(acknowledged, time) - turn for turn, time in enumerate(seen))
