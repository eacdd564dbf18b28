"""The permissions that docs/nats.md gives a user are enough, and no more than it says."""

from pathlib import Path

import pytest
from fences import ROOT, fences
from kit.nats_server import NatsServer
from kit.wait import wait_for
from slipstream import PermissionDenied, Put, sync

PAGE = ROOT / "docs" / "nats.md"
WRITES = '"$KV.nodes.>"'
# Whoever does not log in may do everything, and makes the store.
ANYONE = 'users: [{ user: anyone, password: "" }, '


def served(folder: Path, *, may_write: bool) -> NatsServer:
    [(_, config)] = fences(PAGE, "conf")
    assert WRITES in config
    config = config if may_write else config.replace(WRITES, "")
    return NatsServer(folder, config.replace("users: [", ANYONE) + "no_auth_user: anyone")


def test_a_user_may_do_everything_with_the_store(tmp_path: Path) -> None:
    with served(tmp_path / "server", may_write=True) as server, sync.connect(server.url) as conn:
        conn.store("nodes")
        with sync.connect(server.url, user="app", password="secret") as app:
            store = app.store("nodes")
            version = store.create("a", b"1", ttl=60)
            store.put("b", b"2")
            store.purge("b")
            assert store.create("b", b"3") > version
            assert store.get("a") == store.scan("a")[0]
            assert store.delete_with_version("a", version)
            with store.watch("") as watch:
                watch.synced()
                assert [update.key for update in next(watch.batches())] == ["b", "a"]
            with pytest.raises(PermissionDenied):
                app.store("others")
            # Before the server would remove it by itself.
            wait_for("its watch is gone", lambda: server.jetstream.count_consumers("nodes") == 0)


def test_without_the_first_line_it_may_only_read(tmp_path: Path) -> None:
    with served(tmp_path / "server", may_write=False) as server, sync.connect(server.url) as conn:
        conn.store("nodes").put("a", b"1")
        with sync.connect(server.url, user="app", password="secret") as app:
            store = app.store("nodes")
            with store.watch("") as watch:
                assert isinstance(next(watch), Put)
                with pytest.raises(PermissionDenied):
                    store.put("a", b"2")
                entry = store.get("a")
                assert entry is not None
                assert entry.value == b"1"
