"""A key that is gone for one client is gone for all of them, as far as their own defects allow.

Defects are numbered as in the list of what today's clients get wrong: p8, p9 of nats-py and j4 of
nats.js. They are told here so that it is seen when one of them is repaired.
"""

import time

import pytest
from kit.caller import CallFailed
from kit.wait import wait_for
from party import JUDGES, NAMES, OURS, Parties, Seen

BUCKET = "shared"
TTL = 1.0


def open_all(parties: Parties) -> None:
    for name in NAMES:
        parties[name].open(BUCKET)


@pytest.mark.parametrize("owner", OURS)
def test_w5_an_expired_key_is_gone_for_all_clients(parties: Parties, owner: str) -> None:
    open_all(parties)
    for one in parties.values():
        one.watch_all()
    written = parties[owner].create("lock", b"mine", ttl=TTL)
    for name, one in parties.items():
        assert one.sees() == Seen("put", "lock", b"mine", written), name
    for name, one in parties.items():
        assert one.sees() == Seen("purge", "lock", b"", written + 1), name
    assert {name: one.call("get", "lock") for name, one in parties.items()} == {
        **dict.fromkeys(parties, None),
        # An entry without a value (p8).
        "nats_py": {"key": "lock", "value": None, "revision": written + 1},
    }
    assert {name: one.keys() for name, one in parties.items()} == {
        "python": [],
        "node": [],
        "nats_py": [],
        # It does not know the marker there (j4).
        "nats_js": ["lock"],
    }


@pytest.mark.parametrize("judge", JUDGES)
def test_w5_what_a_judge_lets_expire_is_gone_for_ours(parties: Parties, judge: str) -> None:
    open_all(parties)
    for name in OURS:
        parties[name].watch_all()
    written = parties[judge].create("lock", b"theirs", ttl=int(TTL))
    for name in OURS:
        assert parties[name].sees() == Seen("put", "lock", b"theirs", written)
    for name in OURS:
        assert parties[name].sees() == Seen("purge", "lock", b"", written + 1)
        assert parties[name].value("lock") is None
        assert parties[name].keys() == []
    # And so it is there to be taken.
    parties["node"].create("lock", b"ours")
    assert parties[judge].value("lock") == b"ours"


def test_w1_a_lock_that_expired_is_taken_by_ours_where_nats_py_cannot(
    parties: Parties,
) -> None:
    open_all(parties)
    parties["node"].create("lock", b"node", ttl=TTL)
    wait_for("the lock expires", lambda: parties["python"].value("lock") is None)
    # It takes the marker for a live value (p8).
    with pytest.raises(CallFailed, match="wrong last sequence"):
        parties["nats_py"].create("lock", b"nats-py")
    started = time.monotonic()
    parties["python"].create("lock", b"python", ttl=TTL)
    wait_for("it expires again", lambda: parties["node"].value("lock") is None)
    assert time.monotonic() - started >= TTL


@pytest.mark.parametrize("judge", JUDGES)
def test_r2_an_empty_value_of_another_client_is_a_tombstone(parties: Parties, judge: str) -> None:
    open_all(parties)
    for name in OURS:
        parties[name].watch_all()
    first = parties[judge].put("a", b"1")
    tombstone = parties[judge].put("a", b"")
    for name in OURS:
        ours = parties[name]
        assert ours.value("a") is None
        assert ours.keys() == []
        assert ours.call("scan") == []
        assert ours.call("entry", "a") == {
            "key": "a",
            "value": b"",
            "version": tombstone.to_bytes(8, "big"),
        }
        seen = ours.sees()
        # A watch that had not read the first one may skip it (S2).
        if seen.revision == first:
            seen = ours.sees()
        assert seen == Seen("delete", "a", b"", tombstone)
    # It is no live value, and its version counts (W1, W2).
    second = parties["python"].create("a", b"2")
    parties[judge].put("a", b"")
    with pytest.raises(CallFailed, match="RevisionMismatch"):
        parties["node"].update("a", b"3", second)
    assert parties["node"].update("a", b"3", second + 1) == second + 2
    assert parties[judge].value("a") == b"3"


def test_r2_an_empty_value_of_ours_is_a_value_to_all(parties: Parties) -> None:
    open_all(parties)
    parties["python"].put("a", b"")
    assert {name: one.keys() for name, one in parties.items()} == {name: ["a"] for name in parties}
    assert [parties[name].value("a") for name in OURS] == [b"", b""]
    # nats-py has no value for it (p9).
    assert (parties["nats_py"].value("a"), parties["nats_js"].value("a")) == (None, b"")
