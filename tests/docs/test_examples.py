"""The examples in examples/ do what they say."""

import os
import subprocess
import sys

import pytest
from fences import ROOT
from slipstream import sync

LOCK_SECONDS = 60
DEMO_SECONDS = 120
LOCKS = {
    "a": [sys.executable, "examples/lock.py"],
    "b": ["node", "examples/lock.mjs"],
    "c": [sys.executable, "examples/lock.py"],
    "d": ["node", "examples/lock.mjs"],
}


def test_one_at_a_time_has_the_lock_also_after_a_holder_that_died(url: str) -> None:
    with sync.connect(url) as conn:
        # Held by nobody who will give it back.
        conn.store("locks").create("lock.report", b"dead", ttl=1)
    told = run(url)
    rounds = [told[start : start + 5] for start in range(0, len(told), 5)]
    assert sorted(lines[0] for lines in rounds) == [f"{name} has the lock" for name in LOCKS]
    for lines in rounds:
        name = lines[0][0]
        steps = [f"{name} does step {step} of 3" for step in (1, 2, 3)]
        assert lines[1:] == [*steps, f"{name} gives the lock back"]


def run(url: str) -> list[str]:
    """Runs all at once, and gives what they said, in the order in which they said it."""
    # One pipe for all of them keeps that order.
    reader, writer = os.pipe()
    running = [
        subprocess.Popen([*command, name, url], cwd=ROOT, stdout=writer)
        for name, command in LOCKS.items()
    ]
    os.close(writer)
    try:
        statuses = [process.wait(LOCK_SECONDS) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    with os.fdopen(reader) as said:
        told = said.read().splitlines()
    assert statuses == [0] * len(LOCKS), told
    return told


@pytest.mark.parametrize("place", ["file", "nats"])
def test_the_demo_is_as_it_says(place: str) -> None:
    demo = [sys.executable, "examples/demo/run.py", place]
    told = subprocess.run(
        demo, cwd=ROOT, capture_output=True, text=True, timeout=DEMO_SECONDS, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.endswith("All of it was as expected.\n")
