"""No write under way at the end of a connection is told as failed that was made (rule W9)."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from kit.nats_server import NatsServer
from kit.proxy import Proxy
from kit.toolchain import missing
from kit.worker import Worker
from slipstream import sync as slipstream

WORKERS = Path(__file__).parent / "workers"
MODES = ("python async", "python sync", "node", "ruby", "kotlin")
WRITES = 36
"""Under way at each close: four of every kind."""
CLOSES = int(os.environ.get("SLIPSTREAM_CLOSES", "10"))
"""A long run has 500."""
TIMEOUT = 2.0
LATE = "NotConnected"
"""What a write is told that a busy machine began only after the close: it was not made."""
REMOVALS = {"delete", "delete_with_version", "purge"}
FIRST = {"update", "update_ttl", *REMOVALS}


@dataclass
class Told:
    """What the writes of some closes were told, against what became of them."""

    writes: list[dict[str, object]] = field(default_factory=list)

    def codes(self) -> Counter[object]:
        return Counter(write["code"] for write in self.writes)

    def judge(self, url: str) -> Counter[str]:
        """Counts, read back over another connection."""
        with slipstream.connect(url) as conn:
            store = conn.store("closing")
            stored = {entry.key: entry.value for entry in store.scan()}
            written = int.from_bytes(store.put("last", b"1"), "big") - 1
        counts: Counter[str] = Counter()
        for write in self.writes:
            key, kind = str(write["key"]), write["kind"]
            made = key not in stored if kind in REMOVALS else stored.get(key) == key.encode()
            counts["made"] += made
            counts["told as made"] += write["code"] is None
            counts["told as unknown"] += bool(write["unknown"])
            # Told as failed and made, or the other way round.
            counts["lies"] += made if write["unknown"] is False else 0
            counts["lies"] += not made and write["code"] is None
        first = sum(write["kind"] in FIRST for write in self.writes)
        counts["sent twice"] = written - first - counts["made"]
        print(dict(counts), dict(self.codes()))
        return counts


class Closer:
    """A process that closes connections while it writes."""

    def __init__(self, mode: str, url: str) -> None:
        language, _, kind = mode.partition(" ")
        if why := missing(language):
            pytest.skip(why)
        self.worker = Worker(WORKERS, "closing", language, kind or "-", url, TIMEOUT)
        self.told = Told()
        self._round = 0

    def begin(self, after: float, late: int = 0) -> None:
        """Has it ready to write; it closes so many seconds after it began to.

        The last ``late`` writes are begun when it has begun to close.
        """
        order = {"round": self._round, "writes": WRITES, "after": after, "late": late}
        self.worker.tell(order)
        assert self.worker.hears() == "ready"
        self._round += 1

    def go(self) -> None:
        self.worker.tell("go")

    def ends(self) -> None:
        self.told.writes += self.worker.hears()


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def proxy(server: NatsServer) -> Iterator[Proxy]:
    with Proxy(server.port) as proxy:
        yield proxy


@pytest.mark.parametrize("backend", ["nats", "file"])
def test_w9_no_close_has_a_write_told_as_failed_that_was_made(
    request: pytest.FixtureRequest, mode: str, backend: str, url: str
) -> None:
    server: NatsServer | None = request.getfixturevalue("server") if backend == "nats" else None
    where = server.url if server else url
    closer = Closer(mode, where)
    with closer.worker:
        for index in range(CLOSES):
            # From before anything was sent to after most were answered.
            late = (index % 4) * WRITES // 4
            closer.begin(after=random.uniform(0, 0.004) * (index % 3), late=late)
            closer.go()
            closer.ends()
        assert closer.worker.ends() == 0
    counts = closer.told.judge(where)
    assert len(closer.told.writes) == CLOSES * WRITES
    assert (counts["lies"], counts["sent twice"]) == (0, 0)


def test_w9_a_close_waits_for_the_writes_that_were_sent(
    mode: str, server: NatsServer, proxy: Proxy
) -> None:
    def answer_late() -> None:
        # The server makes them, and answers when the connection is being closed.
        time.sleep(1.0)
        proxy.forward()

    told = close_once(mode, proxy, before=proxy.mute, meanwhile=answer_late)
    counts = told.judge(server.url)
    assert counts["told as made"] == counts["made"] > 0
    assert set(told.codes()) <= {None, LATE}
    assert (counts["lies"], counts["sent twice"]) == (0, 0)


def test_w9_a_write_that_no_close_can_wait_for_is_of_unknown_outcome(
    mode: str, server: NatsServer, proxy: Proxy
) -> None:
    told = close_once(mode, proxy, before=proxy.mute)
    assert_unknown(told, server, {"Timeout", "ConnectionFailed"})


@pytest.mark.parametrize(
    ("said", "heard"),
    [(b'"seq":', b'"---":'), (b'{"stream":', b'["stream":')],
    ids=["no version", "no JSON"],
)
def test_w9_an_acknowledgement_that_cannot_be_read_leaves_the_outcome_unknown(
    mode: str, server: NatsServer, proxy: Proxy, said: bytes, heard: bytes
) -> None:
    told = close_once(mode, proxy, before=lambda: proxy.garble(said, heard))
    assert_unknown(told, server, {"DeserializationError"})


def close_once(
    mode: str,
    proxy: Proxy,
    before: Callable[[], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> Told:
    """A close half a second after the writes began; ``before`` is called just before those."""
    closer = Closer(mode, proxy.url)
    with closer.worker:
        closer.begin(after=0.5)
        before()
        closer.go()
        meanwhile()
        closer.ends()
    return closer.told


def assert_unknown(told: Told, server: NatsServer, codes: set[object]) -> None:
    """Every write that was sent was made, and told as one that may have been."""
    counts = told.judge(server.url)
    assert counts["told as unknown"] == counts["made"] > 0
    assert set(told.codes()) <= {*codes, LATE}
    assert (counts["lies"], counts["sent twice"]) == (0, 0)
