"""A cursor of a store that is no longer the one it was (contract rule S5)."""

import shutil

from kit.caller import Caller
from kit.nats_server import NatsServer

STORE = "state"
MADE_AGAIN = 150


def opened(caller: Caller, server: NatsServer) -> None:
    caller.call("connect", server.url)
    caller.call("store", STORE)


def expired(caller: Caller, cursor: bytes) -> bool:
    caller.call("watch", "", cursor=cursor)
    told = caller.call("rest")
    return bool(told == {"updates": [], "ended": "CursorExpired"})


def test_s5_a_cursor_of_a_store_that_was_made_again_has_expired(
    server: NatsServer, caller: Caller
) -> None:
    opened(caller, server)
    caller.call("put_many", "key.", 5, b"1")
    caller.call("watch", "")
    cursor = caller.call("next", 5)[-1]["cursor"]

    server.jetstream.delete_store(STORE)
    caller.call("store", STORE)
    caller.call("put_many", "key.", 3, b"2")
    # Ahead of the new store.
    assert expired(caller, cursor)
    # The new store has come past it meanwhile.
    caller.call("put_many", "other.", 5, b"2")
    assert expired(caller, cursor)
    # And the store is watched as any other.
    caller.call("watch", "key.")
    assert [update["key"] for update in caller.call("next", 3)] == ["key.0", "key.1", "key.2"]


def test_s5_a_cursor_ahead_of_a_store_restored_from_a_backup_has_expired(
    server: NatsServer, caller: Caller
) -> None:
    opened(caller, server)
    caller.call("put_many", "key.", 5, b"1")
    caller.call("watch", "")
    backed_up = caller.call("next", 5)[-1]["cursor"]
    kept, backup = server.folder / "store", server.folder / "backup"
    server.stop()
    shutil.copytree(kept, backup)
    server.start()

    caller.call("put_many", "key.", 5, b"2")
    cursor = caller.call("next", 5)[-1]["cursor"]
    caller.call("close_watch")
    server.stop()
    shutil.rmtree(kept)
    shutil.move(backup, kept)
    server.start()
    assert expired(caller, cursor)
    # What the backup has seen can be told.
    caller.call("put", "key.0", b"3")
    caller.call("watch", "", cursor=backed_up)
    (update,) = caller.call("next", 1)
    assert (update["key"], update["value"]) == ("key.0", b"3")


def test_s5_a_watch_that_a_restored_store_is_behind_of_ends(
    server: NatsServer, caller: Caller
) -> None:
    opened(caller, server)
    caller.call("put", "key", b"1")
    kept, backup = server.folder / "store", server.folder / "backup"
    server.stop()
    shutil.copytree(kept, backup)
    server.start()
    caller.call("put_many", "key.", 5, b"2")
    caller.call("watch", "")
    caller.call("next", 6)
    server.stop()
    shutil.rmtree(kept)
    shutil.move(backup, kept)
    server.start()
    assert caller.call("rest") == {"updates": [], "ended": "CursorExpired"}


def test_l2_a_store_is_made_again_while_the_server_still_removes_it(
    server: NatsServer, caller: Caller
) -> None:
    caller.call("connect", server.url)
    for _ in range(MADE_AGAIN):
        caller.call("store", STORE)
        caller.call("put_many", "key.", 20, bytes(1000))
        server.jetstream.delete_store(STORE)
