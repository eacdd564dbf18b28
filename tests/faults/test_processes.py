"""Processes that die, stop or start together do not take the others with them."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from kit.caller import Caller, CallFailed
from kit.wait import wait_for
from kit.worker import LANGUAGES, OTHER, Worker

WORKERS = Path(__file__).parent / "workers"
VICTIMS = 16
TOGETHER = 8
VISITORS = 4
VISITS = 60
ATTEMPTS = 40


def open_store(caller: Caller, url: str, timeout: float = 5) -> None:
    caller.call("connect", url, timeout=timeout)
    caller.call("store", "state")


def test_killing_readers_and_writers_leaves_the_others_going(caller: Caller, url: str) -> None:
    chance = random.Random(9)
    open_store(caller, url)
    caller.call("put", "survivor", b"0")
    for victim in range(VICTIMS):
        with Worker(WORKERS, "storm", LANGUAGES[victim % 2], url) as storm:
            assert storm.hears() == "going"
            time.sleep(chance.uniform(0, 0.05))
            storm.kill()
            # It died in the middle of reads and, as likely as not, with the lock of the writer.
            version = caller.call("put", "survivor", b"%d" % victim, seconds=10)
            found = caller.call("get", "survivor", seconds=10)
            assert found == {"key": "survivor", "value": b"%d" % victim, "version": version}


def test_w6_a_stopped_writer_holds_others_up_until_their_deadline(language: str, url: str) -> None:
    chance = random.Random(6)
    with (
        Caller(language) as caller,
        Worker(WORKERS, "storm", OTHER[language], url) as storm,
    ):
        open_store(caller, url, timeout=1)
        caller.call("put", "here", b"0")
        assert storm.hears() == "going"
        for _ in range(ATTEMPTS):
            # Sooner or later it is stopped while it has the writer's lock.
            storm.signal(signal.SIGSTOP)
            try:
                caller.call("put", "here", b"1", seconds=10)
            except CallFailed as failed:
                assert (failed.name, failed.code) == ("Timeout", "Timeout")
                assert failed.outcome_unknown is True
                break
            finally:
                reads = caller.call("get", "here", seconds=10)
                storm.signal(signal.SIGCONT)
            time.sleep(chance.uniform(0, 0.01))
        else:
            pytest.fail(f"it was not stopped within a commit in {ATTEMPTS} attempts")
        assert reads["value"] in (b"0", b"1")
        caller.call("put", "there", b"2", seconds=10)
        assert caller.call("get", "there")["value"] == b"2"


def test_many_processes_open_a_new_file_at_once(url: str) -> None:
    with ExitStack() as stack:
        callers = [stack.enter_context(Caller(LANGUAGES[index % 2])) for index in range(TOGETHER)]
        for caller in callers:
            caller.begin("connect", url)
        for caller in callers:
            caller.outcome()
        for caller in callers:
            caller.begin("store", "state")
        for caller in callers:
            caller.outcome()
        for index, caller in enumerate(callers):
            caller.begin("put", f"key.{index}", b"1")
        versions = {caller.outcome() for caller in callers}
        assert len(versions) == TOGETHER
        keys = sorted(f"key.{index}" for index in range(TOGETHER))
        assert all(caller.call("keys") == keys for caller in callers)


def test_processes_that_come_and_go_do_not_disturb_each_other(url: str) -> None:
    def come_and_go(caller: Caller, name: str) -> None:
        for visit in range(VISITS):
            open_store(caller, url)
            caller.call("put", f"{name}.{visit}", b"1")
            caller.call("close")

    with ExitStack() as stack:
        callers = [stack.enter_context(Caller(LANGUAGES[index % 2])) for index in range(VISITORS)]
        with ThreadPoolExecutor(VISITORS) as threads:
            visits = [
                threads.submit(come_and_go, caller, f"visitor-{index}")
                for index, caller in enumerate(callers)
            ]
            # The file is opened by a first one and left by a last one again and again; nobody may
            # find it damaged, or its locks in a state that is not theirs.
            for visit in visits:
                visit.result()
        open_store(callers[0], url)
        assert len(callers[0].call("keys")) == VISITORS * VISITS


def test_s9_a_dead_watcher_is_no_burden(caller: Caller, language: str, url: str) -> None:
    open_store(caller, url)
    caller.call("put", "a", b"0")
    with Caller(OTHER[language]) as watcher:
        open_store(watcher, url)
        watcher.call("watch", "")
        watcher.call("synced")
        watcher.kill()
    size = Path(url.removeprefix("file:")).stat().st_size
    for number in range(500):
        caller.call("put", "a", b"%d" % number)
    # A reader that is gone but still counted would keep every page since from being used again.
    wait_for(
        "the file stays small",
        lambda: Path(url.removeprefix("file:")).stat().st_size < size + (1 << 20),
    )
