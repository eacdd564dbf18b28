"""A minute of what `make soak` does for ten."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
SECONDS = 60


def test_s7_nothing_is_lost_repeated_or_grown_through_troubles() -> None:
    ran = subprocess.run(
        [sys.executable, str(TESTS / "soak" / "run.py"), str(SECONDS)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=5 * SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
