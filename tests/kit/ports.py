"""Ports of this machine that nobody listens on."""

import random
import socket

HOST = "127.0.0.1"

# Below the ports that a system gives to outgoing connections, so that none of those takes the
# port of a server while it is stopped.
_RANGE = range(12_000, 32_000)
_given: set[int] = set()


def free_port() -> int:
    """A port that nothing listens on, and that was not given before in this process."""
    for port in random.sample(_RANGE, 100):
        if port not in _given and _can_listen(port):
            _given.add(port)
            return port
    raise AssertionError("no free port was found")


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
