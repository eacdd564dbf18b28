"""What comes of an attempt to connect."""

from pathlib import Path
from typing import Any

import pytest
from kit.caller import Caller, CallFailed


def works(caller: Caller, url: str, **options: Any) -> None:
    """Connects and uses a store, as whoever the options say."""
    caller.call("connect", url, **_plain(options))
    caller.call("store", "nodes")
    caller.call("put", "node.a", b"10.0.0.1")
    assert caller.call("get", "node.a")["value"] == b"10.0.0.1"


def refused(caller: Caller, url: str, **options: Any) -> CallFailed:
    """How connecting fails."""
    with pytest.raises(CallFailed) as failed:
        caller.call("connect", url, **_plain(options))
    return failed.value


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    return {name: str(it) if isinstance(it, Path) else it for name, it in options.items()}
