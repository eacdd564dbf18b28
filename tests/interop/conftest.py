"""What the tests of interoperation share: a server, and every client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.nats_server import NatsServer
from party import Parties


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "server") as server:
        yield server


@pytest.fixture
def parties(server: NatsServer) -> Iterator[Parties]:
    """Every client by its name, each in a process of its own."""
    with Parties(server.url) as parties:
        yield parties
