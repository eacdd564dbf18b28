"""Durations are bounded in every option, and none wraps (G1)."""

from __future__ import annotations

import json
import math
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import slipstream
import slipstream.sync
from slipstream import InvalidArgument

LISTED = json.loads(
    (Path(__file__).parents[2] / "tests" / "kit" / "durations.json").read_text(encoding="utf-8")
)


def ways(text: str) -> list[Any]:
    """This number of seconds in every type that can say it."""
    values: list[Any] = [float(text)]
    if math.isfinite(values[0]):
        values += [Decimal(text), Fraction(text)]
    with suppress(OverflowError, ValueError):
        delta = timedelta(seconds=values[0])
        if delta or not values[0]:
            values.append(delta)
    if text.lstrip("-").isdigit():
        values.append(int(text))
    return values


def all_of(texts: list[str]) -> list[Any]:
    return [value for text in texts for value in ways(text)]


TAKEN = all_of(LISTED["taken"])
REFUSED = [
    *all_of(LISTED["refused"]),
    10**400,
    -(10**400),
    timedelta.max,
    timedelta.min,
    timedelta(days=36_500, microseconds=1),
]
WRONG: list[Any] = [True, False, "1", b"1", [1], {}, datetime.now(tz=UTC), 1j, object()]


@pytest.mark.parametrize("value", TAKEN, ids=repr)
def test_g1_what_is_a_duration_is_taken_as_it_is(value: Any) -> None:
    with slipstream.sync.connect("memory:", timeout=60, connect_timeout=value) as conn:
        store = conn.store("ttl")
        store.put("put", b"v", ttl=value)
        store.create("create", b"v", ttl=value)
        store.update("update", b"v", store.put("update", b"v"), ttl=value)
        aged = conn.store("aged", max_age=value)
        aged.put("a", b"v")
        if value >= (timedelta(hours=1) if isinstance(value, timedelta) else 3600):
            time.sleep(0.01)
            assert store.keys() == ["create", "put", "update"]
            assert aged.get("a") is not None
    with slipstream.sync.connect("memory:", timeout=value) as conn:
        assert conn.is_healthy()


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: repr(value)[:40])
def test_g1_what_is_no_duration_or_too_long_is_refused_by_name(value: Any) -> None:
    for option in ("timeout", "connect_timeout"):
        with pytest.raises(InvalidArgument, match=rf"connect: .*\b{option} "):
            slipstream.sync.connect("memory:", **{option: value})
    with slipstream.sync.connect("memory:") as conn:
        with pytest.raises(InvalidArgument, match="max_age "):
            conn.store("fresh", max_age=value)
        store = conn.store("test")
        version = store.put("k", b"v")
        with pytest.raises(InvalidArgument, match="ttl "):
            store.put("k", b"x", ttl=value)
        with pytest.raises(InvalidArgument, match="ttl "):
            store.create("new", b"x", ttl=value)
        with pytest.raises(InvalidArgument, match="ttl "):
            store.update("k", b"x", version, ttl=value)
        assert [(entry.key, entry.value) for entry in store.scan()] == [("k", b"v")]


@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
def test_g1_what_is_no_number_is_a_type_error(value: Any) -> None:
    rule = "must be a number of seconds or a timedelta, not"
    for option in ("timeout", "connect_timeout"):
        with pytest.raises(TypeError, match=f"{option} {rule}"):
            slipstream.sync.connect("memory:", **{option: value})
    with slipstream.sync.connect("memory:") as conn:
        with pytest.raises(TypeError, match=f"max_age {rule}"):
            conn.store("fresh", max_age=value)
        with pytest.raises(TypeError, match=f"ttl {rule}"):
            conn.store("test").put("k", b"v", ttl=value)


async def test_g1_the_awaited_classes_take_and_refuse_the_same() -> None:
    async with slipstream.connect("memory:", timeout=timedelta(days=36_500)) as conn:
        store = await conn.store("test")
        await store.put("k", b"v", ttl=timedelta(days=36_500))
        for ttl in (2**64 + 1, 1e300, timedelta.max):
            with pytest.raises(InvalidArgument, match="ttl"):
                await store.put("k", b"x", ttl=ttl)
            with pytest.raises(InvalidArgument, match="connect_timeout"):
                await slipstream.connect("memory:", connect_timeout=ttl)
        entry = await store.get("k")
        assert entry is not None
        assert entry.value == b"v"
