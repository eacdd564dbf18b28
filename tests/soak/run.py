"""Writers and watchers while their server restarts and their connections are cut: `make soak`.

Every acknowledged write must reach every watch exactly once, and no process may hold more in the
end than it did: no operation, descriptor, consumer, and little memory.
"""

import contextlib
import itertools
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kit.nats_server import NatsServer
from kit.proxy import Proxy
from kit.wait import wait_for
from kit.worker import LANGUAGES, Worker

WORKERS = Path(__file__).parent / "workers"
GROWTH = 32 << 20
"""Bytes that a process may grow by, what it notes of the updates included."""
DESCRIPTORS = 4
"""How many more a process may have: a connection may be on its way when they are counted."""


def main(seconds: float) -> int:
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    print(f"soak: {seconds:g} s, seed {seed}", flush=True)
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        server = held.enter_context(NatsServer(folder / "server"))
        proxy = held.enter_context(Proxy(server.port))

        def start(name: str, language: str, first: str) -> Worker:
            worker = held.enter_context(Worker(WORKERS, name, language, proxy.url))
            assert worker.hears() == first
            return worker

        writer = start("writer", "python", "writing")
        watchers = [start("watcher", language, "watching") for language in LANGUAGES]
        trouble = disturb(server, proxy, chance, seconds, watchers)
        writer.close_input()
        written = set(writer.hears(120))
        faults = 0
        for watcher in watchers:
            told = watcher.hears(120)
            faults += judge(watcher, written, told["seen"], told["live"]["operations"])
        faults += grown(trouble.taken, watchers)
        wait_for("no consumer is left", lambda: server.jetstream.count_consumers("soak") == 0)
        for watcher in watchers:
            assert watcher.ends() == 0, watcher.errors
        print(f"{len(written)} writes, {trouble.count} troubles: {faults} faults")
    return 1 if faults or not written or not trouble.count else 0


class Trouble:
    """What was done, and what the watchers took after the first part of it."""

    def __init__(self) -> None:
        self.count = 0
        self.taken: dict[int, tuple[int, int]] = {}


def disturb(
    server: NatsServer,
    proxy: Proxy,
    chance: random.Random,
    seconds: float,
    watchers: list[Worker],
) -> Trouble:
    """Makes trouble for as long as it is told to."""

    def stall() -> None:
        proxy.stall()
        time.sleep(chance.random())
        proxy.forward()

    def refuse() -> None:
        proxy.refuse()
        time.sleep(chance.random())
        proxy.forward()

    def crash() -> None:
        server.kill()
        server.start()

    kinds: list[Callable[[], None]] = [server.restart, crash, proxy.cut, stall, refuse]
    trouble = Trouble()
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        time.sleep(chance.uniform(0.2, 3))
        chance.choice(kinds)()
        trouble.count += 1
        if not trouble.taken and time.monotonic() - began > seconds / 3:
            trouble.taken = {watcher.pid: taken(watcher.pid) for watcher in watchers}
    return trouble


def judge(watcher: Worker, written: set[int], seen: list[int], operations: int) -> int:
    lost = len(written.difference(seen))
    repeated = len(seen) - len(set(seen))
    backwards = sum(before >= after for before, after in itertools.pairwise(seen))
    print(
        f"{watcher.name}: {len(seen)} updates, {lost} lost, {repeated} repeated,"
        f" {backwards} out of order, {operations} operations left"
    )
    return lost + repeated + backwards + operations


def grown(before: dict[int, tuple[int, int]], watchers: list[Worker]) -> int:
    faults = 0
    for watcher in watchers:
        now = taken(watcher.pid)
        memory, descriptors = (
            after - was for after, was in zip(now, before[watcher.pid], strict=True)
        )
        print(f"{watcher.name}: {memory / 2**20:+.1f} MiB, {descriptors:+} descriptors")
        faults += (memory > GROWTH) + (descriptors > DESCRIPTORS)
    return faults


def taken(pid: int) -> tuple[int, int]:
    """The bytes of memory and the descriptors that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize(), len(os.listdir(f"/proc/{pid}/fd"))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
