"""A fork beside threads that write sends each write once (contract rule W9).

python/tests/test_fork_turn.py has the forks of Python, where calls of a turn are held back.
"""

import os
from pathlib import Path

import pytest
from kit.nats_server import NatsServer
from kit.toolchain import missing
from kit.worker import Worker
from slipstream import sync as slipstream

WORKERS = Path(__file__).parent / "workers"
ROUNDS = int(os.environ.get("SLIPSTREAM_FORKS", "5"))
"""A long run has 100."""


def test_w9_a_fork_of_ruby_sends_each_write_once(server: NatsServer) -> None:
    if why := missing("ruby"):
        pytest.skip(why)
    with Worker(WORKERS, "forking", "ruby", server.url, ROUNDS) as worker:
        writes = worker.hears(seconds=60)
        assert worker.ends() == 0
    with slipstream.connect(server.url) as conn:
        store = conn.store("turn")
        assert len(store.keys()) == writes
        # Every message that the server took has a number of its own.
        assert int.from_bytes(store.put("last", b"1"), "big") == writes + 1
