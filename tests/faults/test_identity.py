"""A file is one store, whatever its names: it is shared or refused, and never written through two
locks (contract rule L7)."""

import fcntl
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from file_steps import found, opened, put_all, put_at_once, refused
from kit.caller import Caller, CallFailed
from kit.wait import wait_for
from kit.worker import OTHER


def test_l7_a_renamed_file_is_never_written_through_two_locks(
    caller: Caller, language: str, url: str, path: Path, tmp_path: Path
) -> None:
    opened(caller, url)
    keys = put_all(caller, "before.")
    moved = tmp_path / "moved.db"
    path.rename(moved)
    with Caller(OTHER[language]) as other:

        def is_opened() -> bool:
            try:
                other.call("connect", f"file:{moved}")
            except CallFailed as failed:
                assert "through another lock file" in failed.message
                return False
            return True

        # Those who had it open have let go of it by then.
        wait_for("the file is opened by its new name", is_opened)
        with pytest.raises(CallFailed) as failed:
            caller.call("put", "after", b"1")
        assert failed.value.code == "ConnectionFailed"
        assert f"{path} was moved to another place while this process had it open" in str(
            failed.value
        )
        other.call("store", "state")
        keys |= put_all(other, "moved.")
        other.call("close")
    caller.call("close")
    assert found(f"file:{moved}") == keys


def test_l7_a_removed_lock_file_lets_nobody_else_in(
    caller: Caller, language: str, url: str, path: Path
) -> None:
    opened(caller, url)
    keys = put_all(caller, "before.")
    lock = Path(f"{path}-lock")
    lock.unlink()
    with Caller(OTHER[language]) as other:
        said = refused(other, url)
        assert "through another lock file" in said
        assert f"{lock} removed while it was open" in said
        # Nor does one that somebody puts in its place.
        lock.touch()
        assert "through another lock file" in refused(other, url)
        keys |= put_all(caller, "after.")
        caller.call("close")
        opened(other, url)
        keys |= put_all(other, "other.")
        other.call("close")
    assert found(url) == keys


def test_l7_a_process_that_reads_its_lock_file_keeps_its_locks(
    caller: Caller, language: str, url: str, path: Path
) -> None:
    opened(caller, url)
    keys = put_all(caller, "before.")
    lock = Path(f"{path}-lock")
    assert caller.call("read_file", str(lock)) > 0
    with lock.open("r+b") as file, pytest.raises(BlockingIOError):
        # Who gets this one alone believes to be the first, and starts the lock file anew.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
    with lock.open("r+b") as file, pytest.raises(BlockingIOError):
        # Who finds this one free believes that the process has died, and reuses what it reads.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, caller.pid)
    with Caller(OTHER[language]) as other:
        opened(other, url)
        keys |= put_at_once(caller, other)
        assert set(caller.call("keys")) == set(other.call("keys")) == keys
        other.call("close")
    caller.call("close")
    assert found(url) == keys


def test_l7_a_symbolic_link_leads_to_the_same_store(
    caller: Caller, language: str, url: str, path: Path, tmp_path: Path
) -> None:
    opened(caller, url)
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    with Caller(OTHER[language]) as other:
        opened(other, f"file:{link}")
        keys = put_all(caller, "one.") | put_all(other, "other.")
        assert set(caller.call("keys")) == set(other.call("keys")) == keys
    assert sorted(link.parent.iterdir()) == [link]


def test_l7_a_hard_link_is_refused(caller: Caller, language: str, url: str, path: Path) -> None:
    opened(caller, url)
    keys = put_all(caller, "one.")
    second = path.with_name("second.db")
    second.hardlink_to(path)
    with Caller(OTHER[language]) as other:
        assert "several hard links" in refused(other, f"file:{second}")
        assert "several hard links" in refused(other, url)
    keys |= put_all(caller, "after.")
    caller.call("close")
    second.unlink()
    assert found(url) == keys


LEFT_BEHIND = """
    import os, signal, sys, time
    from slipstream import sync as slipstream

    url = sys.argv[1]
    connection = slipstream.connect(url)
    connection.store("state").put("parent", b"1")
    child = os.fork()
    if child == 0:
        time.sleep(60)
    try:
        # The child has all descriptors of its parent, and no use of them.
        connection.close()
        with slipstream.connect(url) as again:
            again.store("state").put("again", b"1")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
"""


def test_l7_a_forked_child_keeps_no_file_from_its_parent(url: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(LEFT_BEHIND), url]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert found(url) == {"parent", "again"}
