"""The nats-server that the rows of NATS are measured on."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from places import BUILT, ROOT

# The server is the one that the tests have under control.
sys.path.append(str(ROOT / "tests"))
from kit.nats_server import NatsServer

PROGRAM = BUILT / "nats"
FILL_SECONDS = 120


@contextmanager
def filled(folder: Path) -> Iterator[dict[str, str]]:
    """A server with the bucket of all keys, on disk in ``folder``; gives the variables that tell
    a program of it."""
    with NatsServer(folder / "nats-server") as server:
        variables = {"NATS_URL": server.url, "NATS_PROGRAM": str(PROGRAM)}
        subprocess.run([PROGRAM, "fill"], env=variables, check=True, timeout=FILL_SECONDS)
        yield variables
