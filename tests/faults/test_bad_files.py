"""A file that is no sound store is refused: the right class, a clear message, no byte changed."""

import os
import random
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from kit.caller import Caller, CallFailed
from slipstream import sync as slipstream

KEYS = 300
FLIPS = 60
CUTS = 20


def refused(caller: Caller, url: str) -> CallFailed:
    """How opening a store in the file fails."""
    with pytest.raises(CallFailed) as failed:
        caller.call("connect", url)
        caller.call("store", "state")
    return failed.value


def fill(url: str) -> dict[str, bytes]:
    """Makes a store with short and long values and returns what it holds."""
    values = {f"key.{number}": b"%d" % number * (number * 20) for number in range(1, KEYS)}
    with slipstream.connect(url) as connection:
        store = connection.store("state")
        for key, value in values.items():
            store.put(key, value)
        for key in list(values)[::3]:
            store.delete(key)
            del values[key]
    return values


def test_a_directory_in_place_of_the_file(caller: Caller, url: str, path: Path) -> None:
    path.mkdir()
    failed = refused(caller, url)
    assert (failed.name, failed.code) == ("ConnectionFailed", "ConnectionFailed")
    assert f"{path} cannot be opened: it is a directory" in failed.message
    assert list(path.iterdir()) == []


def test_a_named_pipe_in_place_of_the_file(caller: Caller, url: str, path: Path) -> None:
    os.mkfifo(path)
    failed = refused(caller, url)
    assert failed.code == "ConnectionFailed"
    assert "it is a named pipe" in failed.message


def test_a_missing_directory_is_named(caller: Caller, path: Path) -> None:
    failed = refused(caller, f"file:{path}/deeper/state.db")
    assert failed.code == "ConnectionFailed"
    assert f"the directory {path}/deeper does not exist" in failed.message
    assert not path.exists()


def test_a_read_only_file(caller: Caller, url: str, path: Path) -> None:
    fill(url)
    before = path.read_bytes()
    path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    failed = refused(caller, url)
    assert (failed.name, failed.code) == ("PermissionDenied", "PermissionDenied")
    assert f"{path} cannot be opened: it is read-only (mode 0444)" in failed.message
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["text", "zeros", "sqlite"])
def test_a_file_of_another_format(caller: Caller, url: str, path: Path, kind: str) -> None:
    match kind:
        case "text":
            path.write_text("hello, world\n")
        case "zeros":
            path.write_bytes(bytes(100_000))
        case _:
            with sqlite3.connect(path) as database:
                database.execute("create table kv (key text, value blob)")
            database.close()
    before = path.read_bytes()
    failed = refused(caller, url)
    assert failed.code == "ConnectionFailed"
    assert f"{path} is not a slipstream store" in failed.message
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_is_a_new_store(caller: Caller, url: str, path: Path) -> None:
    path.touch()
    caller.call("connect", url)
    caller.call("store", "state")
    version = caller.call("put", "a", b"1")
    assert caller.call("get", "a") == {"key": "a", "value": b"1", "version": version}


def test_a_truncated_store(caller: Caller, url: str, path: Path) -> None:
    values = fill(url)
    whole = path.read_bytes()
    chance = random.Random(1)
    for length in [1, 4096, 8192, *(chance.randrange(len(whole) // 2) for _ in range(CUTS))]:
        path.write_bytes(whole[:length])
        failed = refused(caller, url)
        assert failed.code == "ConnectionFailed"
        assert str(path) in failed.message
        assert path.read_bytes() == whole[:length]
    path.write_bytes(whole)
    assert everything(caller, url) == values


def test_a_bit_flipped_store_is_refused_or_intact(caller: Caller, url: str, path: Path) -> None:
    values = fill(url)
    whole = path.read_bytes()
    chance = random.Random(2)
    refusals = 0
    for _ in range(FLIPS):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            found = everything(caller, url)
        except CallFailed as failed:
            refusals += 1
            assert failed.code == "ConnectionFailed", failed
            assert f"{path} is " in failed.message
            assert "damaged" in failed.message or "not a slipstream store" in failed.message
            assert path.read_bytes() == flipped
        else:
            assert found == values
    assert refusals > FLIPS / 4
    path.write_bytes(whole)
    assert everything(caller, url) == values


def everything(caller: Caller, url: str) -> dict[str, bytes]:
    """What the process finds in the file, which it closes again."""
    caller.call("connect", url)
    try:
        caller.call("store", "state")
        return {entry["key"]: entry["value"] for entry in caller.call("scan", "")}
    finally:
        caller.call("close")


@pytest.mark.parametrize(
    "kind", ["symbolic link", "dangling link", "hard link", "text", "zeros", "directory", "pipe"]
)
def test_x2_what_stands_in_the_place_of_the_lock_file_is_left_alone(
    caller: Caller, url: str, path: Path, tmp_path: Path, kind: str
) -> None:
    treasure, lock = tmp_path / "treasure", Path(f"{path}-lock")
    treasure.write_bytes(b"gold" * 1000)
    match kind:
        case "symbolic link":
            lock.symlink_to(treasure)
        case "dangling link":
            lock.symlink_to(tmp_path / "nothing")
        case "hard link":
            lock.hardlink_to(treasure)
        case "text":
            lock.write_bytes(b"gold" * 1000)
        case "zeros":
            lock.write_bytes(bytes(100_000))
        case "directory":
            lock.mkdir()
        case _:
            os.mkfifo(lock)
    before = {file: content(file) for file in tmp_path.iterdir()}
    failed = refused(caller, url)
    assert failed.code == "ConnectionFailed"
    assert f"{lock} cannot be opened" in failed.message
    assert "move it away" in failed.message
    assert {file: content(file) for file in tmp_path.iterdir()} == before
    lock.rmdir() if kind == "directory" else lock.unlink()
    assert everything(caller, url) == {}


def content(file: Path) -> tuple[int, bytes]:
    """What tells whether anything was done to a file."""
    mode = file.lstat().st_mode
    return mode, file.read_bytes() if stat.S_ISREG(mode) else b""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to another user")
def test_x2_a_lock_file_of_another_user_is_refused(caller: Caller, url: str, path: Path) -> None:
    values = fill(url)
    lock = Path(f"{path}-lock")
    os.chown(lock, 12345, 12345)
    failed = refused(caller, url)
    assert failed.code == "ConnectionFailed"
    assert "it belongs to another user than the store" in failed.message
    # The owner of the store may have made it, whoever opens it.
    os.chown(path, 12345, 12345)
    assert everything(caller, url) == values
    lock.unlink()
    assert everything(caller, url) == values
    assert lock.stat().st_uid == 12345


HOLD = """
import fcntl, sys, time
lock = open(sys.argv[1], "r+b")
lock.write((0xBEEFC0DE).to_bytes(4, sys.byteorder) + (999).to_bytes(4, sys.byteorder))
lock.flush()
fcntl.lockf(lock, fcntl.LOCK_SH, 1)
print("held", flush=True)
sys.stdin.read()
"""


def test_f18_a_file_that_another_lmdb_has_open_is_told_as_that(
    caller: Caller, url: str, path: Path
) -> None:
    values = fill(url)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, f"{path}-lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        failed = refused(caller, url)
        assert failed.code == "ConnectionFailed"
        assert "another version of LMDB" in failed.message
        assert "nothing is damaged" in failed.message
        assert other.stdin is not None
        other.stdin.close()
        assert other.wait(10) == 0
    assert everything(caller, url) == values
