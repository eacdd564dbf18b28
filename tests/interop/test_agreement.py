"""All clients see the same bucket after every step of any one of them (contract rules R, W, S)."""

import pytest
from kit.caller import CallFailed
from party import NAMES, Parties, Seen

BUCKET = "shared"
KEYS = ("app.a", "app.b", "other")


class Bucket:
    """What one client does to the bucket, and what all must see of it."""

    def __init__(self, parties: Parties, writer: str) -> None:
        self._parties = parties
        self._writer = parties[writer]
        self._live: dict[str, bytes] = {}
        self._last: dict[str, Seen] = {}
        self.revision = 0
        # Made as ours make it, by whichever of them comes first.
        parties["python"].open(BUCKET)
        for one in parties.values():
            one.open(BUCKET)
            one.watch_all()

    def put(self, key: str, value: bytes) -> None:
        self._wrote(self._writer.put(key, value), "put", key, value)

    def create(self, key: str, value: bytes) -> None:
        self._wrote(self._writer.create(key, value), "put", key, value)

    def update(self, key: str, value: bytes) -> None:
        revision = self._last[key].revision
        self._wrote(self._writer.update(key, value, revision), "put", key, value)

    def delete(self, key: str) -> None:
        self._writer.delete(key)
        self._wrote(self.revision + 1, "delete", key)

    def delete_revision(self, key: str) -> None:
        self._writer.delete_revision(key, self._last[key].revision)
        self._wrote(self.revision + 1, "delete", key)

    def purge(self, key: str) -> None:
        self._writer.purge(key)
        self._wrote(self.revision + 1, "purge", key)

    def refuses(self, key: str, stale: int) -> None:
        """A live key is created by nobody, nor changed by who knows an older revision."""
        for refused in (
            lambda: self._writer.create(key, b"no"),
            lambda: self._writer.update(key, b"no", stale),
            lambda: self._writer.delete_revision(key, stale),
        ):
            with pytest.raises(CallFailed):
                refused()
        self._all_agree()

    def shows_each_key_once(self) -> None:
        """Whoever comes now is told the last of every key, in order."""
        state = sorted(self._last.values(), key=lambda seen: seen.revision)
        for name, one in self._parties.items():
            one.watch_all()
            assert [one.sees() for _ in state] == state, name

    def _wrote(self, revision: int, type_: str, key: str, value: bytes = b"") -> None:
        assert revision == self.revision + 1
        self.revision = revision
        self._last[key] = Seen(type_, key, value, revision)
        if type_ == "put":
            self._live[key] = value
        else:
            self._live.pop(key, None)
        for name, one in self._parties.items():
            assert one.sees() == self._last[key], name
        self._all_agree()

    def _all_agree(self) -> None:
        for name, one in self._parties.items():
            assert one.keys() == sorted(self._live), name
            assert {key: one.value(key) for key in KEYS} == {
                key: self._live.get(key) for key in KEYS
            }, name


@pytest.mark.parametrize("writer", NAMES)
def test_w3_all_clients_agree_after_every_step(parties: Parties, writer: str) -> None:
    bucket = Bucket(parties, writer)
    bucket.put("app.a", b"1")
    bucket.put("app.a", b"2")
    bucket.refuses("app.a", stale=1)
    bucket.create("app.b", b"3")
    bucket.put("other", b"\x00\xff")
    bucket.update("app.b", b"4")
    bucket.delete("app.a")
    bucket.create("app.a", b"5")
    # With a revision: on ours the marker is there for the others to see.
    bucket.delete_revision("app.a")
    bucket.create("app.a", b"6")
    bucket.purge("app.b")
    bucket.create("app.b", b"7")
    bucket.purge("other")
    bucket.delete("app.b")
    bucket.shows_each_key_once()
