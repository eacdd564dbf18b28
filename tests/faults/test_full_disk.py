"""A full disk: the writes that do not fit say so, and what was acknowledged stays."""

import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.caller import Caller, CallFailed

LIMIT = 1 << 20
VALUE = bytes(2000)


def fill(caller: Caller) -> tuple[list[str], CallFailed]:
    """Puts until no more fits: what was acknowledged, and what the next put raised."""
    acknowledged: list[str] = []
    while True:
        key = f"key.{len(acknowledged)}"
        try:
            caller.call("put", key, VALUE)
        except CallFailed as failed:
            return acknowledged, failed
        acknowledged.append(key)
        assert len(acknowledged) * len(VALUE) < 4 * LIMIT, "the disk is never full"


def open_store(caller: Caller, url: str) -> None:
    caller.call("connect", url)
    caller.call("store", "state")


def test_w7_a_file_that_may_not_grow(language: str, url: str) -> None:
    def limit() -> None:
        # Without this the signal of the same name ends the process before any error is told.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))

    with Caller(language, before=limit) as limited:
        open_store(limited, url)
        acknowledged, failed = fill(limited)
        assert (failed.name, failed.code) == ("LimitExceeded", "LimitExceeded")
        assert "the disk is full" in failed.message
        assert failed.outcome_unknown is False
        assert len(acknowledged) > 100
        assert limited.call("get", acknowledged[0])["value"] == VALUE
    with Caller(language) as free:
        open_store(free, url)
        assert free.call("keys") == sorted(acknowledged)
        free.call("put", "more", VALUE)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own. Making one takes root: who is not, has the test above."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = f"size={2 * LIMIT}"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "none", disk], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("a file system can be made by root only")
    yield disk
    # Lazily, because the processes of the test may still have the file open.
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_w7_a_full_disk(caller: Caller, language: str, small_disk: Path) -> None:
    url = f"file:{small_disk / 'state.db'}"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(LIMIT // 2))
    open_store(caller, url)
    acknowledged, failed = fill(caller)
    assert (failed.name, failed.code) == ("LimitExceeded", "LimitExceeded")
    assert "the disk is full" in failed.message

    # The same connection goes on as soon as there is room.
    ballast.unlink()
    caller.call("put", "after", b"1")
    with Caller(language) as another:
        open_store(another, url)
        assert another.call("keys") == sorted([*acknowledged, "after"])


def test_opening_on_a_full_disk_is_an_error(caller: Caller, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2 * LIMIT))
    with pytest.raises(CallFailed) as failed:
        open_store(caller, f"file:{small_disk / 'state.db'}")
    assert failed.value.code == "LimitExceeded"
    assert "the disk is full" in failed.value.message
    ballast.unlink()
    open_store(caller, f"file:{small_disk / 'state.db'}")
    caller.call("put", "a", b"1")


def test_a_store_is_read_on_a_full_disk(caller: Caller, language: str, small_disk: Path) -> None:
    path = small_disk / "state.db"
    open_store(caller, f"file:{path}")
    acknowledged, _ = fill(caller)
    with Caller(language) as reader:
        open_store(reader, f"file:{path}")
        assert reader.call("keys") == sorted(acknowledged)
        reader.call("watch", "key.")
        assert len(reader.call("next", 10)) == 10
