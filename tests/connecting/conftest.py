"""What the tests of connecting share: callers, and an authority for certificates."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Authority
from kit.caller import Caller
from kit.worker import LANGUAGES


@pytest.fixture(params=LANGUAGES)
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """A process of either language."""
    with Caller(str(request.param)) as caller:
        yield caller


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tls")
