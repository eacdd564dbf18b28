"""Idle watches cost next to nothing, and hear of a write in another process soon."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from kit.caller import Caller
from kit.worker import OTHER, Worker

WORKERS = Path(__file__).parent / "workers"
WATCHES = 100
SECONDS = 2.0
AT_MOST = 0.05


def cpu_seconds(pid: int) -> float:
    """What a process has used, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def test_idle_watches_cost_no_cpu(
    language: str, url: str, record_property: Callable[[str, object], None]
) -> None:
    with Worker(WORKERS, "idle", language, url, WATCHES) as idle, Caller(OTHER[language]) as writer:
        assert idle.hears() == "watching"
        before = cpu_seconds(idle.pid)
        time.sleep(SECONDS)
        share = (cpu_seconds(idle.pid) - before) / SECONDS
        record_property("share of a core", share)
        print(f"{WATCHES} idle watches in {language}: {share:.2%} of a core")
        assert share < AT_MOST

        # They are idle, not dead: each hears of a write in the other language.
        writer.call("connect", url)
        writer.call("store", "state")
        writer.call("put", "a", b"1")
        assert idle.hears(seconds=2) == WATCHES
