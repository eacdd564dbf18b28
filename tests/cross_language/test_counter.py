"""Processes of several languages compare-and-swap one key (contract rule W2)."""

from contextlib import ExitStack
from pathlib import Path

from kit.toolchain import missing
from kit.worker import LANGUAGES, Worker
from slipstream import sync as slipstream

WORKERS = Path(__file__).parent / "workers"
EACH_LANGUAGE = 4
TIMES = 250
EVERY_LANGUAGE = ("python", "node", "ruby", "kotlin")


def test_w2_every_increment_of_eight_processes_counts(url: str) -> None:
    count_up(url, LANGUAGES * EACH_LANGUAGE)


def test_w2_one_process_of_every_language_counts(url: str) -> None:
    absent = {language: missing(language) for language in EVERY_LANGUAGE}
    print("\n".join(f"without {language}: {why}" for language, why in absent.items() if why))
    count_up(url, tuple(language for language, why in absent.items() if not why))


def count_up(url: str, languages: tuple[str, ...]) -> None:
    """Has a process of each language count up, all at once, and looks at the sum."""
    with slipstream.connect(url) as connection:
        connection.store("counters").put("counter", b"0")
    with ExitStack() as stack:
        workers = [
            stack.enter_context(Worker(WORKERS, "counter", language, url, TIMES))
            for language in languages
        ]
        assert all(worker.hears() == "ready" for worker in workers)
        for worker in workers:
            worker.tell("go")
        conflicts = [worker.hears(seconds=60)["conflicts"] for worker in workers]
        assert [worker.ends() for worker in workers] == [0] * len(workers)
    with slipstream.connect(url) as connection:
        counter = connection.store("counters").get("counter")
    assert counter is not None
    assert int(counter.value) == len(languages) * TIMES
    # Without a single conflict they did not run side by side, and nothing was shown.
    assert sum(conflicts) > 0
