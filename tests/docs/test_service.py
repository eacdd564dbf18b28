"""The service in examples/ survives what it says it does, in each language and in all together."""

import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest
from fences import ROOT
from kit.nats_server import NatsServer
from kit.wait import wait_for
from program import Program
from slipstream import sync

BUILD_SECONDS = 600
ROUND = 50
CARGO = ["--quiet", "--package", "slipstream", "--example", "service"]
SERVICES = {
    "python": [sys.executable, "examples/service.py"],
    "node": ["node", "examples/service.mjs"],
    "rust": ["cargo", "run", *CARGO, "--"],
}


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """So that starting the one in Rust takes no longer than starting the others."""
    subprocess.run(["cargo", "build", *CARGO], cwd=ROOT, check=True, timeout=BUILD_SECONDS)


@pytest.mark.parametrize("language", SERVICES)
def test_it_goes_on_after_a_restart_of_the_server(language: str, tmp_path: Path) -> None:
    with NatsServer(tmp_path / "server") as server, sync.connect(server.url) as conn:
        store = conn.store("service")
        with Program([*SERVICES[language], "it", server.url]) as service:
            before = write_jobs(store, 0)
            service.says("it handles jobs", lambda lines: handled(lines) >= set(before))
            wait_until_saved(store)
            server.stop()
            service.says("it misses the server", lambda lines: " tries again: " in lines[-1])
            server.start()
            after = write_jobs(store, 1)
            service.says("it goes on", lambda lines: handled(lines) >= set(after))
    assert handled_in_order(service.lines)[:ROUND] == before
    assert not set(before) & set(handled_in_order(service.lines)[ROUND:]), "some came again"


def test_another_goes_on_when_the_active_one_dies(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "server") as server, sync.connect(server.url) as conn:
        store = conn.store("service")
        written: list[str] = []
        with ExitStack() as running:
            alive = [
                running.enter_context(Program([*command, language, server.url]))
                for language, command in SERVICES.items()
            ]
            every = list(alive)
            while alive:
                jobs = write_jobs(store, len(every) - len(alive))
                written += jobs
                active = first_to_handle(jobs, alive)
                wait_until_saved(store)
                active.kill()
                alive.remove(active)
        told = [job for service in every for job in handled_in_order(service.lines)]
        assert sorted(told) == written, "each once: all was saved before each died"


def first_to_handle(jobs: list[str], services: list[Program]) -> Program:
    """Waits until one of them has handled all of these."""

    def found() -> list[Program]:
        return [service for service in services if handled(service.lines) >= set(jobs)]

    return wait_for("one of them handles all jobs", found, seconds=60)[0]


def write_jobs(store: sync.Store, number: int) -> list[str]:
    """Writes a round of jobs, and gives their keys."""
    keys = [f"job.{number}.{job:03}" for job in range(ROUND)]
    for key in keys:
        store.put(key, b"work")
    return keys


def wait_until_saved(store: sync.Store) -> None:
    """Waits until the service has written down that it has handled every job there is."""
    last = max(entry.version for entry in store.scan("job."))

    def is_saved() -> bool:
        progress = store.get("progress")
        return progress is not None and progress.version > last

    wait_for("the progress is saved", is_saved)


def handled_in_order(lines: Iterable[str]) -> list[str]:
    return [line.split()[-1] for line in lines if " handles " in line]


def handled(lines: Iterable[str]) -> set[str]:
    return set(handled_in_order(lines))
