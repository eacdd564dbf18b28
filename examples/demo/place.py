"""Where the demo takes place: in a file, or on a NATS server that it starts itself."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The server is the one that the tests have under control.
sys.path.append(str(Path(__file__).parent.parent.parent / "tests"))
from kit.nats_server import NatsServer

__all__ = ["NatsServer", "Place", "place"]


@dataclass
class Place:
    """What both languages connect to, and the server behind it if there is one."""

    title: str
    url: str
    server: NatsServer | None = None


@contextmanager
def place(kind: str, folder: Path) -> Iterator[Place]:
    """The place of this kind, ``file`` or ``nats``. All that it needs is kept in ``folder``."""
    if kind == "file":
        yield Place("one file, two languages, no server", f"file:{folder / 'state.db'}")
    else:
        with NatsServer(folder / "nats-server") as server:
            yield Place("one NATS server, two languages", server.url, server)
