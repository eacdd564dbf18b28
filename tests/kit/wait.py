"""Bounded waiting."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.005


def wait_for(what: str, probe: Callable[[], T], seconds: float = 20.0) -> T:
    """Calls ``probe`` until it gives something true, and returns that.

    Fails after ``seconds``, saying what it waited for.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        time.sleep(PAUSE)
