"""Programs run in a process of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass

FREEZE = """
def freeze(pid):
    # The signal is on its way when kill returns, and a thread may answer once more.
    import os, signal, time
    os.kill(pid, signal.SIGSTOP)
    def is_running(thread):
        with open(f"/proc/{pid}/task/{thread}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "Tt"
    while any(is_running(thread) for thread in os.listdir(f"/proc/{pid}/task")):
        time.sleep(0.001)
"""
"""A function of a program that stops another process, and returns when that stands still."""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    out: str
    err: str
    after_signal: float
    """Seconds from the signal that was sent to the end."""


def run(
    source: str,
    *arguments: str,
    options: tuple[str, ...] = (),
    python: str = sys.executable,
) -> Ended:
    """Run a program to its end."""
    ran = subprocess.run(
        [python, *options, "-c", textwrap.dedent(source), *arguments],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    return Ended(ran.returncode, ran.stdout, ran.stderr, 0.0)


def interrupt(source: str, *arguments: str) -> Ended:
    """Run a program until it has printed a line, then send it SIGINT, as Ctrl-C does."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            first = program.stdout.readline()
            # Printed just before the call that is to be interrupted.
            time.sleep(0.2)
            program.send_signal(signal.SIGINT)
            sent = time.monotonic()
            out, err = program.communicate(timeout=30)
            return Ended(program.returncode, first + out, err, time.monotonic() - sent)
        finally:
            program.kill()
