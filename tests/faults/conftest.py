"""What the tests of faults share: callers in each language, and a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.caller import Caller
from kit.nats_server import NatsServer
from kit.worker import LANGUAGES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"file:{path}"


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def caller(language: str) -> Iterator[Caller]:
    """A process of either language."""
    with Caller(language) as caller:
        yield caller


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    """A server of its own, with nothing in it."""
    with NatsServer(tmp_path / "server") as server:
        yield server


@pytest.fixture
def callers() -> Iterator[tuple[Caller, ...]]:
    """A process of each language."""
    with Caller(LANGUAGES[0]) as one, Caller(LANGUAGES[1]) as other:
        yield one, other
