"""A file that is removed, replaced or moved while it is open: it is noticed (contract rule L1)."""

import shutil
import time
from pathlib import Path

import pytest
from file_steps import KEYS, found, opened, put_all
from kit.caller import Caller, CallFailed

NOTICED = 1.0
"""Seconds within which a file that is gone must be noticed; a busy machine is given some more."""
MORE = 2.0


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
