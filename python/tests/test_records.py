"""Entry, Put, Delete and Purge behave like frozen dataclasses."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from slipstream import Cursor, Delete, Entry, InvalidArgument, Purge, Put, Version

VERSION = Version(b"\0\0\0\0\0\0\0\7")
CURSOR = Cursor(b"\0\0\0\0\0\0\0\x09")
RECORDS = [
    Entry("k", b"v", VERSION),
    Put("k", b"v", VERSION, CURSOR),
    Delete("k", VERSION, CURSOR),
    Purge("k", VERSION, CURSOR),
]


@pytest.mark.parametrize("record", RECORDS)
def test_records_are_values(record: Any) -> None:
    kind: Any = record.__class__
    names: tuple[str, ...] = kind.__match_args__
    fields = [getattr(record, name) for name in names]
    same = kind(*fields)
    named = kind(**dict(zip(names, fields, strict=True)))
    assert record == same == named
    assert hash(record) == hash(same)
    assert len({record, same}) == 1
    assert record != kind("other", *fields[1:])
    assert record != "k"
    assert record not in [other for other in RECORDS if other is not record]
    for again in (pickle.loads(pickle.dumps(record)), copy.copy(record), copy.deepcopy(record)):
        assert again == record
        assert repr(again) == repr(record)
    assert eval(repr(record)) == record
    with pytest.raises(AttributeError):
        record.key = "other"
    with pytest.raises(AttributeError):
        record.other = 1


def test_s4_where_a_watch_stood_does_not_make_updates_differ() -> None:
    assert Put("k", b"v", VERSION, CURSOR) == Put("k", b"v", VERSION, Cursor(b""))
    assert hash(Delete("k", VERSION, CURSOR)) == hash(Delete("k", VERSION))
    assert Purge("k", VERSION).cursor == b""


def test_records_match_by_position() -> None:
    def told(update: Any) -> tuple[Any, ...]:
        match update:
            case Put(key, value, version, cursor):
                return "put", key, value, version, cursor
            case Delete(key, version) | Purge(key, version):
                return "gone", key, version
            case Entry(key, value, version):
                return "entry", key, value, version
            case _:
                raise AssertionError(update)

    assert told(RECORDS[0]) == ("entry", "k", b"v", VERSION)
    assert told(RECORDS[1]) == ("put", "k", b"v", VERSION, CURSOR)
    assert told(RECORDS[2]) == told(RECORDS[3]) == ("gone", "k", VERSION)


def test_v1_a_version_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        Entry("k", b"v", Version(b"\0" * 11))
    with pytest.raises(InvalidArgument):
        Put("k", b"v", VERSION, Cursor(b"\7" * 30))
    wrong: Any = 7
    with pytest.raises(TypeError):
        Entry("k", wrong, VERSION)
