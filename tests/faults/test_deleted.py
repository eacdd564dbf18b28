"""A store that another process deletes is deleted for everybody who has the file open (R7)."""

import subprocess
import sys

import pytest
import slipstream
from slipstream import sync

DELETE = """
import sys
from slipstream import sync
with sync.connect(sys.argv[1]) as conn:
    conn.delete_store("state")
    if sys.argv[2] == "anew":
        conn.store("state").put("a", b"new")
"""


def delete_elsewhere(url: str, then: str) -> None:
    subprocess.run([sys.executable, "-c", DELETE, url, then], check=True, timeout=60)


@pytest.mark.parametrize("then", ["nothing", "anew"])
def test_r7_another_process_deletes_the_store(url: str, then: str) -> None:
    with sync.connect(url) as conn:
        store = conn.store("state")
        version = store.put("a", b"old")
        with store.watch("") as watch:
            assert isinstance(next(watch), slipstream.Put)
            cursor = watch.cursor
            delete_elsewhere(url, then)
            with pytest.raises(slipstream.WatchError, match="deleted"):
                next(watch)
        for call in (
            lambda: store.get("a"),
            lambda: store.get_many(["a"]),
            store.keys,
            lambda: store.put("a", b"lost"),
            lambda: store.update("a", b"lost", version),
        ):
            with pytest.raises(slipstream.StoreNotFound):
                call()
        assert conn.stores() == (["state"] if then == "anew" else [])

        anew = conn.store("state")
        assert [entry.value for entry in anew.scan()] == ([b"new"] if then == "anew" else [])
        with anew.watch("", cursor=cursor) as resumed, pytest.raises(slipstream.CursorExpired):
            next(resumed)
        # What was deleted does not come back through the handle of before.
        with pytest.raises(slipstream.StoreNotFound):
            store.put("a", b"lost")
