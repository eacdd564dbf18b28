"""Where the processes of a test keep what they share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.nats_server import NatsServer


@pytest.fixture(params=("file", "nats"))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store that several processes open: a file, or on a server."""
    if request.param == "file":
        yield f"file:{tmp_path / 'state.db'}"
    else:
        with NatsServer(tmp_path / "server") as server:
            yield server.url
