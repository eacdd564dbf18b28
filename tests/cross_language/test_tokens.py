"""Tokens and cursors are bytes that any language can use (contract rule V3)."""

import pytest
from kit.caller import Caller, CallFailed
from kit.worker import LANGUAGES, OTHER

ONE_AND_OTHER = [(language, OTHER[language]) for language in LANGUAGES]


def opened(caller: Caller, url: str) -> Caller:
    caller.call("connect", url)
    caller.call("store", "nodes")
    return caller


@pytest.mark.parametrize(("one", "other"), ONE_AND_OTHER)
def test_v3_a_version_of_one_language_is_used_by_the_other(url: str, one: str, other: str) -> None:
    with Caller(one) as writer, Caller(other) as updater:
        opened(writer, url)
        opened(updater, url)
        first = writer.call("put", "node.a", b"1")
        assert updater.call("get", "node.a") == {"key": "node.a", "value": b"1", "version": first}

        second = updater.call("update", "node.a", b"2", first)
        assert second > first
        with pytest.raises(CallFailed) as stale:
            writer.call("update", "node.a", b"3", first)
        assert (stale.value.name, stale.value.code) == ("RevisionMismatch", "RevisionMismatch")

        assert writer.call("delete_with_version", "node.a", second) is True
        tombstone = updater.call("entry", "node.a")
        assert tombstone["value"] == b""
        assert updater.call("get", "node.a") is None
        third = updater.call("update", "node.a", b"4", tombstone["version"])
        assert writer.call("get", "node.a") == {"key": "node.a", "value": b"4", "version": third}


@pytest.mark.parametrize(("one", "other"), ONE_AND_OTHER)
def test_v3_a_cursor_of_one_language_is_resumed_by_the_other(
    url: str, one: str, other: str
) -> None:
    with Caller(one) as first, Caller(other) as second:
        opened(first, url)
        opened(second, url)
        for number in range(5):
            first.call("put", f"node.{number}", b"%d" % number)

        first.call("watch", "node.")
        seen = first.call("next", 3)
        assert [update["key"] for update in seen] == ["node.0", "node.1", "node.2"]
        assert first.call("cursor") == seen[-1]["cursor"]

        second.call("watch", "node.", cursor=seen[-1]["cursor"])
        rest = second.call("next", 2)
        assert [update["key"] for update in rest] == ["node.3", "node.4"]
        assert all(update["type"] == "put" for update in seen + rest)

        second.call("delete", "node.3")
        (removal,) = second.call("next", 1)
        first.call("watch", "node.", cursor=rest[-1]["cursor"])
        (again,) = first.call("next", 1)
        # Where a watch stood depends on when it was read, so cursors have times of their own.
        assert again | {"cursor": None} == removal | {"cursor": None}
        assert removal["type"] == "delete"


@pytest.mark.parametrize(("one", "other"), ONE_AND_OTHER)
def test_v6_a_version_is_no_cursor(url: str, one: str, other: str) -> None:
    with Caller(one) as writer, Caller(other) as watcher:
        opened(writer, url)
        opened(watcher, url)
        version = writer.call("put", "node.a", b"1")
        with pytest.raises(CallFailed, match="version") as refused:
            watcher.call("watch", "", cursor=version)
            watcher.call("next", 1)
        assert refused.value.code == "InvalidArgument"


@pytest.mark.parametrize("language", LANGUAGES)
def test_s1_a_watch_sees_what_the_other_language_writes(url: str, language: str) -> None:
    with Caller(language) as watcher, Caller(OTHER[language]) as writer:
        opened(watcher, url)
        opened(writer, url)
        watcher.call("watch", "node.")
        watcher.call("synced")
        for number in range(100):
            version = writer.call("put", "node.a", b"%d" % number)
            (update,) = watcher.call("next", 1, seconds=2)
            assert (update["value"], update["version"]) == (b"%d" % number, version)
