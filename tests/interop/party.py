"""Four clients of one bucket behind the same few calls: ours in two languages, and the two judges.

A value is its bytes, None where a client says that the key is gone. A revision is a number.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

from kit.caller import Caller

OURS = ("python", "node")
JUDGES = ("nats_py", "nats_js")
NAMES = OURS + JUDGES


@dataclass(frozen=True)
class Seen:
    """An update as a watch told it."""

    type: str
    key: str
    value: bytes
    revision: int


class Party(Caller, ABC):
    """What the tests ask of any client. ``call`` is there for what is only its own."""

    @abstractmethod
    def open(self, bucket: str) -> None:
        """Opens a bucket that is there; ours make it where it is not."""

    @abstractmethod
    def put(self, key: str, value: bytes, **options: Any) -> int:
        """Writes, and answers the revision. ``ttl`` is in seconds."""

    @abstractmethod
    def create(self, key: str, value: bytes, **options: Any) -> int:
        """Writes where no live value is."""

    @abstractmethod
    def update(self, key: str, value: bytes, revision: int) -> int:
        """Writes where the last revision is this one."""

    @abstractmethod
    def delete_revision(self, key: str, revision: int) -> None:
        """Deletes where the last revision is this one."""

    @abstractmethod
    def watch_all(self) -> None:
        """Begins a watch of every key in place of the one before."""

    @abstractmethod
    def sees(self) -> Seen:
        """The next update of the watch."""

    def value(self, key: str) -> bytes | None:
        found = self.call("get", key)
        return None if found is None else found["value"]

    def keys(self) -> list[str]:
        keys: list[str] = self.call("keys")
        return keys

    def delete(self, key: str) -> None:
        self.call("delete", key)

    def purge(self, key: str) -> None:
        self.call("purge", key)


class Ours(Party):
    """Slipstream."""

    def open(self, bucket: str) -> None:
        self.call("store", bucket)

    def put(self, key: str, value: bytes, **options: Any) -> int:
        return _number(self.call("put", key, value, **options))

    def create(self, key: str, value: bytes, **options: Any) -> int:
        return _number(self.call("create", key, value, **options))

    def update(self, key: str, value: bytes, revision: int) -> int:
        return _number(self.call("update", key, value, _version(revision)))

    def delete_revision(self, key: str, revision: int) -> None:
        self.call("delete_with_version", key, _version(revision))

    def watch_all(self) -> None:
        self.call("watch", "")

    def sees(self) -> Seen:
        (found,) = self.call("next", 1)
        # Only a put has a value.
        return Seen(found["type"], found["key"], found["value"] or b"", _number(found["version"]))


class Judge(Party):
    """A client of somebody else."""

    def make(self, bucket: str, **config: Any) -> None:
        """Makes the bucket as this client's users do."""
        self.call("make", bucket, **config)

    def open(self, bucket: str) -> None:
        self.call("open", bucket)

    def put(self, key: str, value: bytes, **options: Any) -> int:
        return int(self.call("put", key, value, **options))

    def create(self, key: str, value: bytes, **options: Any) -> int:
        return int(self.call("create", key, value, **options))

    def update(self, key: str, value: bytes, revision: int) -> int:
        return int(self.call("update", key, value, revision))

    def delete_revision(self, key: str, revision: int) -> None:
        self.call("delete", key, revision)

    def watch_all(self) -> None:
        self.call("watch", ">")

    def sees(self) -> Seen:
        (found,) = self.call("next", 1)
        return Seen(found["type"], found["key"], found["value"] or b"", found["revision"])


class Parties(Mapping[str, Party]):
    """Every client by its name, connected as soon as it is asked for."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._met: dict[str, Party] = {}
        self._stack = ExitStack()

    def __getitem__(self, name: str) -> Party:
        if name not in self._met:
            met = Ours(name) if name in OURS else Judge(*_PROGRAMS[name])
            self._met[name] = self._stack.enter_context(met)
            met.call("connect", self._url)
        return self._met[name]

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


# The language of a judge, and its program in the kit.
_PROGRAMS = {"nats_py": ("python", "nats_py"), "nats_js": ("node", "nats_js")}


def _number(version: bytes) -> int:
    return int.from_bytes(version, "big")


def _version(revision: int) -> bytes:
    return revision.to_bytes(8, "big")
