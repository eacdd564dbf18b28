"""Buckets that other clients have made open and behave."""

from typing import Any

import pytest
from kit.caller import CallFailed
from kit.nats_server import NatsServer
from kit.wait import wait_for
from party import OURS, Judge, Parties, Seen

# How their users make them: by default without direct reads in nats-py, without markers in both.
PLAIN: list[tuple[str, dict[str, Any]]] = [
    ("nats_py", {}),
    ("nats_py", {"direct": True, "max_value_size": 1000}),
    ("nats_js", {}),
    ("nats_js", {"storage": "memory", "max_bytes": 1_000_000}),
]
HISTORY: list[tuple[str, dict[str, Any]]] = [
    ("nats_py", {"history": 5, "direct": True}),
    ("nats_js", {"history": 3}),
]
MARKERS: list[tuple[str, dict[str, Any]]] = [
    ("nats_py", {"limit_marker_ttl": 60.0}),
    ("nats_js", {"markerTTL": 60_000}),
]
BUCKET = "theirs"


def made(parties: Parties, judge: str, config: dict[str, Any]) -> Judge:
    maker = parties[judge]
    assert isinstance(maker, Judge)
    maker.make(BUCKET, **config)
    return maker


@pytest.mark.parametrize("language", OURS)
@pytest.mark.parametrize(("judge", "config"), PLAIN + HISTORY + MARKERS)
def test_l2_a_bucket_of_another_client_opens_and_behaves(
    parties: Parties,
    server: NatsServer,
    judge: str,
    config: dict[str, Any],
    language: str,
) -> None:
    theirs, ours = made(parties, judge, config), parties[language]
    before = server.jetstream.store(BUCKET)["config"]
    theirs.put("node.a", b"1")
    theirs.put("node.b", b"2")
    theirs.delete("node.b")
    theirs.put("nodes", b"3")

    ours.open(BUCKET)
    assert server.jetstream.store(BUCKET)["config"] == before
    assert (ours.value("node.a"), ours.value("node.b")) == (b"1", None)
    assert ours.keys() == ["node.a", "nodes"]
    assert [entry["key"] for entry in ours.call("scan", "node.")] == ["node.a"]
    ours.watch_all()
    assert [ours.sees() for _ in range(3)] == [
        Seen("put", "node.a", b"1", 1),
        Seen("delete", "node.b", b"", 3),
        Seen("put", "nodes", b"3", 4),
    ]
    cursor = ours.call("cursor")

    assert ours.create("node.b", b"4") == 5
    with pytest.raises(CallFailed, match="AlreadyExists"):
        ours.create("node.a", b"no")
    with pytest.raises(CallFailed, match="RevisionMismatch"):
        ours.update("node.a", b"no", 2)
    assert ours.update("node.a", b"5", 1) == 6
    ours.delete_revision("node.a", 6)
    ours.purge("nodes")
    assert (theirs.value("node.a"), theirs.keys()) == (None, ["node.b"])

    changes = [
        Seen("put", "node.b", b"4", 5),
        Seen("delete", "node.a", b"", 7),
        Seen("purge", "nodes", b"", 8),
    ]
    ours.call("watch", "", cursor=cursor)
    seen = [ours.sees()]
    while seen[-1].revision < 8:
        seen.append(ours.sees())
    # Where there is history a resumed watch may tell more than the last of each key.
    assert [update for update in seen if update.revision != 6] == changes


@pytest.mark.parametrize(("judge", "config"), PLAIN + HISTORY)
def test_w5_a_bucket_without_markers_takes_no_time_to_live(
    parties: Parties, judge: str, config: dict[str, Any]
) -> None:
    made(parties, judge, config)
    for name in OURS:
        parties[name].open(BUCKET)
        with pytest.raises(CallFailed, match="ttl"):
            parties[name].put("lock", b"1", ttl=1.0)
        assert parties[name].value("lock") is None


@pytest.mark.parametrize(("judge", "config"), MARKERS)
def test_w5_a_bucket_with_markers_takes_a_time_to_live(
    parties: Parties, judge: str, config: dict[str, Any]
) -> None:
    made(parties, judge, config)
    for name in OURS:
        parties[name].open(BUCKET)
    first = parties["python"].create("lock", b"python", ttl=1.0)
    wait_for("the lock expires", lambda: parties["node"].value("lock") is None)
    assert parties["node"].create("lock", b"node", ttl=1.0) > first + 1
    wait_for("it expires again", lambda: parties["python"].value("lock") is None)
