from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.caller import Caller
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
