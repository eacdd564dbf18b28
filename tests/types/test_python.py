"""The type checkers accept what is right and report each deliberate mistake of ``consumer.py``."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
CONSUMER = FOLDER / "consumer.py"
CHECKERS = {
    "mypy": ("mypy", "--strict", "--no-incremental", "--follow-imports=silent", str(CONSUMER)),
    "pyright": ("pyright", "--project", str(FOLDER), "--pythonpath", sys.executable),
}


@pytest.mark.parametrize("command", CHECKERS.values(), ids=CHECKERS)
def test_a_consumer_and_its_deliberate_mistakes(command: tuple[str, ...]) -> None:
    assert CONSUMER.read_text().count("# type: ignore[") == CONSUMER.read_text().count("# pyright:")
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
