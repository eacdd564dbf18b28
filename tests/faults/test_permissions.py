"""What a user may not do is refused at once, and the rest goes on (error PermissionDenied)."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.caller import Caller, CallFailed
from kit.nats_server import NatsServer

# Far below the deadline of a call, which is 5 s.
QUICKLY = 2.0
USERS = """
authorization {
    users: [
        { user: anyone, password: "" }
        {
            user: limited, password: "secret"
            permissions: {
                publish: {
                    deny: [
                        "$KV.state.locked.>"
                        "$JS.API.DIRECT.GET.KV_state.$KV.state.hidden.>"
                        "$JS.API.CONSUMER.CREATE.KV_unwatched.>"
                        "$JS.API.STREAM.CREATE.KV_new"
                        "$JS.API.STREAM.INFO.KV_closed"
                    ]
                }
            }
        }
    ]
}
no_auth_user: anyone
"""


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[NatsServer]:
    """A server with a user that may not do everything."""
    with NatsServer(tmp_path / "limited", USERS) as server:
        for store in ("state", "unwatched", "closed"):
            server.jetstream.create_store(store)
        yield server


def denied(call: Callable[..., Any], *arguments: object, **options: object) -> None:
    started = time.monotonic()
    with pytest.raises(CallFailed) as failed:
        call(*arguments, **options)
    assert time.monotonic() - started < QUICKLY
    error = failed.value
    assert (error.name, error.code) == ("PermissionDenied", "PermissionDenied")
    assert error.retryable is False
    assert "secret" not in error.message


def test_d15_what_is_not_permitted_is_denied_at_once(limited: NatsServer, caller: Caller) -> None:
    caller.call("connect", f"nats://limited:secret@{limited.address}")
    caller.call("store", "state")
    caller.call("watch", "open.", name="before")
    caller.call("synced", name="before")

    def goes_on(value: bytes) -> None:
        caller.call("put", "open.a", value)
        (update,) = caller.call("next", 1, name="before", seconds=QUICKLY)
        assert update["value"] == value

    for write in ("put", "create"):
        denied(caller.call, write, "locked.a", b"1")
    denied(caller.call, "delete", "locked.a")
    denied(caller.call, "purge", "locked.a")
    goes_on(b"1")
    caller.call("put", "hidden.a", b"1")
    denied(caller.call, "get", "hidden.a")
    denied(caller.call, "entry", "hidden.a")
    goes_on(b"2")
    denied(caller.call, "store", "closed")
    denied(caller.call, "store", "new")
    assert "new" not in limited.jetstream.stores()
    goes_on(b"3")
    caller.call("store", "unwatched")
    caller.call("put", "a", b"1")
    caller.call("watch", "", name="unwatched")
    denied(caller.call, "next", 1, name="unwatched")
    assert caller.call("get", "a")["value"] == b"1"
    caller.call("store", "state")
    goes_on(b"4")
    assert caller.call("is_healthy") is True


def test_l4_a_user_who_may_not_listen_is_told_so(tmp_path: Path, caller: Caller) -> None:
    users = """
    authorization {
        users: [
            { user: deaf, password: "secret", permissions: { subscribe: { deny: ["_INBOX.>"] } } }
        ]
    }
    """
    with NatsServer(tmp_path / "deaf", users) as server:

        def use() -> None:
            caller.call("connect", f"nats://deaf:secret@{server.address}")
            caller.call("store", "state")

        denied(use)
