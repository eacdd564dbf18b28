"""Ports of this machine that nobody listens on."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

HOST = "127.0.0.1"

# Below the ports that a system gives to outgoing connections, so that none of those takes the
# port of a server while it is stopped.
_RANGE = range(12_000, 32_000)
# A port belongs to the process that holds the lock on its file: suites run beside each other, and a
# server listens on its port only later, or is stopped for a while.
_FOLDER = Path(tempfile.gettempdir()) / f"slipstream-ports-{os.getuid()}"
_given: dict[int, IO[bytes]] = {}


def free_port() -> int:
    """A port that nothing listens on, and that was not given before to a process that runs."""
    _FOLDER.mkdir(exist_ok=True)
    for port in random.sample(_RANGE, 100):
        if port not in _given and _claim(port):
            return port
    raise AssertionError("no free port was found")


def _claim(port: int) -> bool:
    lock = (_FOLDER / str(port)).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    if not _can_listen(port):
        lock.close()
        return False
    _given[port] = lock
    return True


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
