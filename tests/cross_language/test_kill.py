"""Processes that are killed with ``kill -9`` lose nothing (contract rule S4)."""

import random
import time
from collections import Counter
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path

from kit.wait import wait_for
from kit.worker import LANGUAGES, Worker
from slipstream import sync as slipstream

WORKERS = Path(__file__).parent / "workers"
UPDATES = 20_000
WRITERS = ("python", "node", "python")
KILLS_OF_A_WATCHER = 9
KILLS_OF_A_WRITER = 50


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def has_lines(file: Path, count: int) -> bool:
    return file.exists() and file.read_bytes().count(b"\n") >= count


def test_s4_a_killed_watcher_is_resumed_in_the_other_language(url: str, tmp_path: Path) -> None:
    cursor, handled, acks = (tmp_path / name for name in ("cursor", "handled", "acks"))
    share, rest = divmod(UPDATES, len(WRITERS))
    shares = [share + (index < rest) for index in range(len(WRITERS))]
    chance = random.Random(4)
    deaths = sorted(chance.sample(range(200, UPDATES - 200), KILLS_OF_A_WATCHER))
    languages = cycle(LANGUAGES)
    with ExitStack() as stack:
        writers = []
        for index, language in enumerate(WRITERS):
            arguments = (url, "jobs", f"job.{index}.", shares[index], acks)
            writers.append(stack.enter_context(Worker(WORKERS, "writer", language, *arguments)))
        # Leaving the block of a worker kills it.
        for death, language in zip(deaths, languages, strict=False):
            with Worker(WORKERS, "follower", language, url, cursor, handled):
                wait_for(f"{death} updates handled", partial(has_lines, handled, death))
        with Worker(WORKERS, "follower", next(languages), url, cursor, handled):
            wait_for("every update handled", lambda: len(set(lines(handled))) >= UPDATES)
        assert all(writer.hears() == "ready" and writer.hears() == "done" for writer in writers)
        assert [writer.ends() for writer in writers] == [0] * len(writers)

    written = set(lines(acks))
    assert len(written) == UPDATES
    times = Counter(lines(handled))
    lost = written - set(times)
    assert not lost, f"{len(lost)} of {UPDATES} updates were lost: {sorted(lost)[:5]}"
    assert not set(times) - written
    # A kill between handling an update and saving its cursor repeats that one update.
    repeated = sum(times.values()) - UPDATES
    assert repeated <= KILLS_OF_A_WATCHER, f"{repeated} updates were handled again"


def test_every_acknowledged_write_survives_fifty_kills(url: str, tmp_path: Path) -> None:
    chance = random.Random(50)
    total = 0
    for kill in range(KILLS_OF_A_WRITER):
        language = LANGUAGES[kill % len(LANGUAGES)]
        acks = tmp_path / f"acks.{kill}"
        arguments = (url, "state", f"{kill}.", 1_000_000, acks)
        with Worker(WORKERS, "writer", language, *arguments) as writer:
            assert writer.hears() == "ready"
            wait_for("the first acknowledgement", partial(has_lines, acks, 1))
            time.sleep(chance.uniform(0, 0.1))
            writer.kill()
        acknowledged = lines(acks)
        total += len(acknowledged)
        with slipstream.connect(url) as connection:
            found = {entry.key: entry.value for entry in connection.store("state").scan(f"{kill}.")}
        missing = [key for key in acknowledged if found.get(key) != f"value of {key}".encode()]
        assert not missing, (
            f"kill {kill}: {len(missing)} of {len(acknowledged)} are gone: {missing[:5]}"
        )

    with slipstream.connect(url) as connection:
        keys = set(connection.store("state").keys())
    everything = {
        key for kill in range(KILLS_OF_A_WRITER) for key in lines(tmp_path / f"acks.{kill}")
    }
    assert len(everything) == total
    assert everything <= keys
