"""The cluster that these tests run on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.nats_cluster import NatsCluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[NatsCluster]:
    with NatsCluster(tmp_path) as cluster:
        yield cluster
