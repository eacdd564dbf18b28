"""A file is one store, whatever its names: it is shared or refused, and never written through two
locks (contract rule L7). What is done to it while it is open is noticed (L1)."""

import ctypes
import fcntl
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from kit.caller import Caller, CallFailed
from kit.wait import wait_for
from kit.worker import OTHER
from slipstream import sync as slipstream

KEYS = 50
BIG = 100_000
WRITES = 150
NOTICED = 1.0
"""Seconds within which a file that is gone must be noticed; a busy machine is given some more."""
MORE = 2.0
SUITES = Path(__file__).parents[1]
NODE = SUITES.parent / "node"

_CLONE_NEWNS = 0x0002_0000
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 0x4_0000


def mount_privately(source: Path, target: Path) -> None:
    """Mounts a file or folder at a second name, which only this process sees."""
    libc = ctypes.CDLL(None, use_errno=True)

    def check(status: int) -> None:
        if status != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    check(libc.unshare(_CLONE_NEWNS))
    check(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None))
    check(libc.mount(bytes(source), bytes(target), None, _MS_BIND, None))


@pytest.fixture
def mounted(tmp_path: Path) -> Callable[[Path, Path], Callable[[], None]]:
    """What mounts ``source`` at ``target`` in a new process, where that may be done."""
    probe = f"""
        import sys
        sys.path.insert(0, {str(SUITES)!r})
        from faults.test_identity import mount_privately
        from pathlib import Path
        mount_privately(Path({str(tmp_path)!r}), Path({str(tmp_path)!r}))
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(probe)], capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        pytest.skip(f"this user may not mount: {ran.stderr.strip().splitlines()[-1]}")
    return lambda source, target: partial(mount_privately, source, target)


def opened(caller: Caller, url: str) -> None:
    caller.call("connect", url)
    caller.call("store", "state")


def refused(caller: Caller, url: str) -> str:
    """What a refusal to open the store says."""
    with pytest.raises(CallFailed) as failed:
        caller.call("connect", url)
    assert (failed.value.name, failed.value.code) == ("ConnectionFailed", "ConnectionFailed")
    return failed.value.message


def put_all(caller: Caller, prefix: str) -> set[str]:
    caller.call("put_many", prefix, KEYS, b"1")
    return {f"{prefix}{number}" for number in range(KEYS)}


def put_at_once(*callers: Caller) -> set[str]:
    """Has all write at the same time, in large commits that would destroy what is not locked."""
    with ThreadPoolExecutor(len(callers)) as threads:
        writes = [
            threads.submit(caller.call, "put_many", f"{index}.", WRITES, bytes(BIG))
            for index, caller in enumerate(callers)
        ]
        for write in writes:
            write.result()
    return {f"{index}.{number}" for index in range(len(callers)) for number in range(WRITES)}


def found(url: str) -> set[str]:
    """The keys in a file, which is opened for that and read as a whole."""
    with slipstream.connect(url) as connection:
        return {entry.key for entry in connection.store("state").scan("")}


def test_l7_a_file_mounted_alone_is_refused(
    caller: Caller,
    language: str,
    url: str,
    path: Path,
    tmp_path: Path,
    mounted: Callable[[Path, Path], Callable[[], None]],
) -> None:
    opened(caller, url)
    keys = put_all(caller, "before.")
    alone = tmp_path / "container" / "app.db"
    alone.parent.mkdir()
    alone.touch()
    with Caller(OTHER[language], before=mounted(path, alone)) as other:
        said = refused(other, f"file:{alone}")
        assert "through another lock file" in said
        assert "mount the folder that it is in" in said
        keys |= put_all(caller, "after.")
        caller.call("close")
        # With nobody else there it is a store like any other, and the other way round.
        opened(other, f"file:{alone}")
        keys |= put_all(other, "mounted.")
        assert "through another lock file" in refused(caller, url)
        other.call("close")
    assert found(url) == keys


def test_l7_a_folder_mounted_elsewhere_is_shared(
    caller: Caller,
    language: str,
    url: str,
    path: Path,
    tmp_path: Path,
    mounted: Callable[[Path, Path], Callable[[], None]],
) -> None:
    folder, volume = tmp_path / "folder", tmp_path / "volume"
    folder.mkdir()
    volume.mkdir()
    opened(caller, f"file:{folder}/{path.name}")
    keys = put_all(caller, "one.")
    with Caller(OTHER[language], before=mounted(folder, volume)) as other:
        opened(other, f"file:{volume}/{path.name}")
        keys |= put_all(other, "other.")
        assert set(caller.call("keys")) == set(other.call("keys")) == keys
        keys |= put_at_once(caller, other)
        caller.call("close")
        other.call("close")
    assert found(f"file:{folder}/{path.name}") == keys


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


TWO_COPIES_PYTHON = """
    import importlib, shutil, sys
    from pathlib import Path

    url, folder = sys.argv[1:]
    import slipstream.sync as first
    import slipstream
    package = Path(slipstream.__file__).parent
    shutil.copytree(package, Path(folder) / "slipstream")
    for name in [name for name in sys.modules if name.partition(".")[0] == "slipstream"]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    second = importlib.import_module("slipstream.sync")
    other = importlib.import_module("slipstream")
    assert other._native.__file__ != slipstream._native.__file__, other._native.__file__

    def refused(copy):
        try:
            copy.connect(url)
        except Exception as error:
            # Each copy has classes of its own, by the same name.
            assert type(error).__name__ == "ConnectionFailed", error
            assert "through another copy of slipstream" in str(error), error
        else:
            raise AssertionError("the other copy opened the file as well")

    def keys(copy):
        with copy.connect(url) as connection:
            return connection.store("s").keys()

    with first.connect(url) as connection:
        store = connection.store("s")
        store.put("first", b"1")
        refused(second)
        store.put("first.2", b"1")
    with second.connect(url) as connection:
        connection.store("s").put("second", b"1")
        refused(first)
    assert keys(first) == keys(second) == ["first", "first.2", "second"]
"""

TWO_COPIES_NODE = """
    import assert from "node:assert/strict";
    const [url, one, two] = process.argv.slice(-3);
    const first = await import(one);
    const second = await import(two);
    assert.notEqual(first.connect, second.connect);
    const connection = await first.connect(url);
    const store = await connection.store("s");
    await store.put("first", "1");
    await assert.rejects(second.connect(url), (error) => {
      assert.equal(error.code, "ConnectionFailed");
      assert.match(error.message, /through another copy of slipstream/);
      return true;
    });
    await store.put("first.2", "1");
    await connection.close();
    const other = await second.connect(url);
    await (await other.store("s")).put("second", "1");
    await assert.rejects(first.connect(url), { code: "ConnectionFailed" });
    await other.close();
    for (const copy of [first, second]) {
      const again = await copy.connect(url);
      assert.deepEqual(await (await again.store("s")).keys(), ["first", "first.2", "second"]);
      await again.close();
    }
"""


def test_l7_two_copies_of_the_package_in_one_process(
    language: str, url: str, tmp_path: Path
) -> None:
    if language == "python":
        source = textwrap.dedent(TWO_COPIES_PYTHON)
        command = [sys.executable, "-c", source, url, str(tmp_path / "copy")]
    else:
        copies = []
        for name in ("one", "two"):
            package = tmp_path / name / "node_modules" / "slipstream-kv"
            shutil.copytree(NODE, package, ignore=shutil.ignore_patterns("node_modules", "test"))
            copies.append(str(package / "dist" / "esm" / "index.js"))
        source = textwrap.dedent(TWO_COPIES_NODE)
        command = ["node", "--input-type=module", "-e", source, "--", url, *copies]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    with slipstream.connect(url) as connection:
        assert connection.store("s").keys() == ["first", "first.2", "second"]


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


def do(what: str, path: Path) -> None:
    match what:
        case "removed":
            path.unlink()
        case "replaced by another file":
            shutil.copy(path, path.with_name("copy.db"))
            path.with_name("copy.db").rename(path)
        case _:
            path.rename(path.with_name("moved.db"))


@pytest.mark.parametrize("what", ["removed", "replaced by another file", "moved to another place"])
def test_l1_a_file_that_is_gone_is_noticed(caller: Caller, url: str, path: Path, what: str) -> None:
    opened(caller, url)
    put_all(caller, "before.")
    caller.call("watch", "")
    caller.call("next", KEYS)
    assert caller.call("is_healthy") is True
    do(what, path)
    gone = time.monotonic()
    # Nothing is called meanwhile: the watch is told by itself.
    assert caller.call("rest") == {"updates": [], "ended": "ConnectionFailed"}
    assert time.monotonic() - gone < NOTICED + MORE
    assert caller.call("is_healthy") is False
    said = f"{path} was {what} while this process had it open; connect again"
    for call in (("get", "before.1"), ("put", "a", b"1"), ("keys",), ("delete", "before.1")):
        with pytest.raises(CallFailed) as failed:
            caller.call(*call)
        assert failed.value.code == "ConnectionFailed"
        assert said in failed.value.message
    # Connecting again finds what is there now, without closing anything first.
    opened(caller, url)
    assert caller.call("is_healthy") is True
    assert len(caller.call("keys")) == (KEYS if what == "replaced by another file" else 0)
    caller.call("put", "after", b"1")
    caller.call("close")
    assert "after" in found(url)


@pytest.mark.parametrize("what", ["removed", "moved to another place"])
def test_l1_no_write_to_a_file_that_is_gone_is_acknowledged(
    caller: Caller, url: str, path: Path, what: str
) -> None:
    opened(caller, url)
    put_all(caller, "before.")
    do(what, path)
    with pytest.raises(CallFailed) as failed:
        caller.call("put", "after", b"1")
    assert failed.value.code == "ConnectionFailed"
    assert caller.call("is_healthy") is False


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
