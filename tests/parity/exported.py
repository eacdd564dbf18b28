"""What each language really exports, asked of a program in that language."""

import json
import subprocess
import sys
from pathlib import Path

from api import Listing

LISTINGS = Path(__file__).parent / "listings"
SECONDS = 120

COMMANDS: dict[str, list[str | Path]] = {
    "python": [sys.executable, LISTINGS / "python.py", "slipstream"],
    "python_sync": [sys.executable, LISTINGS / "python.py", "slipstream.sync"],
    "node": ["node", LISTINGS / "node.mjs"],
    "kotlin": [sys.executable, LISTINGS / "declared.py", "kotlin"],
    "ruby": ["ruby", LISTINGS / "ruby.rb"],
    "swift": [sys.executable, LISTINGS / "declared.py", "swift"],
    "uniffi": ["ruby", LISTINGS / "uniffi.rb"],
}

# The toolchain that the program needs; the others are Python and Node, or read sources.
NEEDS = {"ruby": "ruby", "uniffi": "ruby"}


def listing(language: str) -> Listing:
    ran = subprocess.run(
        COMMANDS[language], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ran.returncode == 0, ran.stderr
    listed: Listing = json.loads(ran.stdout)
    return listed
