"""What a server holds, asked from beside, and what is done to it behind a client's back."""

import json
import socket
from typing import Any

from kit.wait import wait_for

_INBOX = "_INBOX.kit"


class JetStreamError(Exception):
    """An answer that is an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["description"])
        self.code: int = error.get("err_code", error["code"])


class JetStream:
    """The JetStream API over a connection of its own for each question.

    Small on purpose: it must not share code with any client under test. A store named NAME is the
    stream ``KV_NAME``.
    """

    def __init__(self, host: str, port: int, *, seconds: float = 10.0, **login: str) -> None:
        """``login`` is what a client says in CONNECT: ``user`` and ``pass``, or ``auth_token``."""
        self._address = (host, port)
        self._seconds = seconds
        self._login = login

    def create_store(self, store: str, **config: object) -> None:
        """Makes a bucket as other clients make one, but for what ``config`` says."""
        stream = {
            "name": f"KV_{store}",
            "subjects": [f"$KV.{store}.>"],
            "max_msgs_per_subject": 1,
            "discard": "new",
            "allow_direct": True,
            "allow_rollup_hdrs": True,
            "deny_delete": True,
        }
        wait_for(f"{store} is made", lambda: self._make(store, {**stream, **config}))

    def _make(self, store: str, stream: dict[str, object]) -> bool:
        try:
            self.ask(f"STREAM.CREATE.KV_{store}", stream)
        except JetStreamError as error:
            # A server that still removes the files of one that was deleted has no better word.
            if "error creating store" not in str(error):
                raise
            return False
        return True

    def delete_store(self, store: str) -> None:
        self.ask(f"STREAM.DELETE.KV_{store}")

    def store(self, store: str) -> dict[str, Any]:
        """``config``, ``state``, ``created`` and, on a cluster, ``cluster``."""
        return self.ask(f"STREAM.INFO.KV_{store}")

    def publish(self, store: str, key: str, value: str) -> int:
        """Writes a value as a program does that keeps to no grammar of keys, and gives its
        version."""
        answer: dict[str, Any] = json.loads(self._request(f"$KV.{store}.{key}", value.encode()))
        if "error" in answer:
            raise JetStreamError(answer["error"])
        version: int = answer["seq"]
        return version

    def stores(self) -> list[str]:
        streams = self.ask("STREAM.NAMES")["streams"] or []
        return [name.removeprefix("KV_") for name in streams]

    def count_consumers(self, store: str) -> int:
        count: int = self.store(store)["state"]["consumer_count"]
        return count

    def consumers(self, store: str) -> list[str]:
        names: list[str] = self.ask(f"CONSUMER.NAMES.KV_{store}")["consumers"] or []
        return names

    def filters(self, store: str) -> list[str]:
        """The subjects that the consumers of a store are limited to, sorted."""
        infos = (self.ask(f"CONSUMER.INFO.KV_{store}.{name}") for name in self.consumers(store))
        configs = [info["config"] for info in infos]
        one = [config["filter_subject"] for config in configs if config.get("filter_subject")]
        several = (config.get("filter_subjects") or [] for config in configs)
        return sorted([*one, *(subject for subjects in several for subject in subjects)])

    def delete_consumers(self, store: str) -> None:
        for name in self.consumers(store):
            self.ask(f"CONSUMER.DELETE.KV_{store}.{name}")

    def ask(self, subject: str, body: object = None) -> dict[str, Any]:
        """One request to ``$JS.API.`` and its answer. Raises `JetStreamError`."""
        payload = b"" if body is None else json.dumps(body).encode()
        answer: dict[str, Any] = json.loads(self._request(f"$JS.API.{subject}", payload))
        if "error" in answer:
            raise JetStreamError(answer["error"])
        return answer

    def _request(self, subject: str, payload: bytes) -> bytes:
        with (
            socket.create_connection(self._address, timeout=self._seconds) as connection,
            connection.makefile("rb") as said,
        ):
            said.readline()
            options = {"verbose": False, "protocol": 1, "no_responders": True, "headers": True}
            connection.sendall(
                f"CONNECT {json.dumps({**options, **self._login})}\r\nSUB {_INBOX} 1\r\n"
                f"PUB {subject} {_INBOX} {len(payload)}\r\n".encode()
                + payload
                + b"\r\n"
            )
            while line := said.readline():
                words = line.decode().split()
                match words[0]:
                    case "MSG":
                        return said.read(int(words[-1]))
                    case "HMSG" | "-ERR":
                        raise AssertionError(f"{subject}: {line!r}")
        raise AssertionError(f"{subject}: the server closed the connection")
