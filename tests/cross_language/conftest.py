from pathlib import Path

import pytest


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store's file that several processes open."""
    return f"file:{tmp_path / 'state.db'}"
