"""Bad input: the right error at once, with the offending value in the message."""

from __future__ import annotations

import ctypes
import inspect
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import slipstream
import slipstream.sync
from slipstream import Cursor, InvalidArgument, Version

from .conftest import OpenStore

# What no key can be, and what only the keys of other programs can be.
UNNAMEABLE = ["", ".a", "a.", "a..b", "a b", ">", "a.*", "nl\n", ":" * 3073, "\ud800"]
FOREIGN = ["a*", "a:b", "käse", "k" * 1025]


@pytest.mark.parametrize("key", FOREIGN)
async def test_k4_only_put_and_create_refuse_a_key_of_others(
    open_store: OpenStore, key: str
) -> None:
    async with open_store() as store:
        for call in (store.put(key, b"v"), store.create(key, b"v")):
            with pytest.raises(InvalidArgument) as caught:
                await call
            assert caught.value.key == key
        assert (await store.get(key), await store.entry(key)) == (None, None)
        assert await store.keys(key.rstrip("*")) == []


@pytest.mark.parametrize("key", UNNAMEABLE)
async def test_k4_a_key_that_cannot_be_is_refused_by_every_call(
    open_store: OpenStore, key: str
) -> None:
    async with open_store() as store:
        calls = [
            store.get(key),
            store.entry(key),
            store.get_many(["fine", key, "fine"]),
            store.put(key, b"v"),
            store.create(key, b"v"),
            store.update(key, b"v", Version(b"\0" * 8)),
            store.delete(key),
            store.delete_with_version(key, Version(b"\0" * 8)),
            store.purge(key),
        ]
        for call in calls:
            with pytest.raises(InvalidArgument) as caught:
                await call
            if key.isascii() and len(key) < 80:
                assert caught.value.key == key
                assert key.replace("\n", "\\n") in str(caught.value)
        assert await store.put("fine", b"v")


@pytest.mark.parametrize("prefix", ["a*", ">", "a b", ".a", "..", "\t"])
async def test_k2_a_bad_prefix_is_refused(open_store: OpenStore, prefix: str) -> None:
    async with open_store() as store:
        for call in (store.keys(prefix), store.scan(prefix)):
            with pytest.raises(InvalidArgument):
                await call
        with pytest.raises(InvalidArgument):
            store.watch("fine", prefix)


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "a.b"},
        {"name": "n" * 65},
        {"storage": "tape"},
        {"discard": "both"},
        {"max_history": 0},
        {"max_history": 65},
        {"max_history": -1},
        {"max_history": 2**70},
        {"max_age": 0},
        {"max_age": timedelta(seconds=-1)},
        {"max_age": float("nan")},
        {"max_bytes": 0},
        {"max_bytes": -5},
        {"num_replicas": 6},
    ],
)
async def test_l2_a_bad_configuration_is_refused(options: dict[str, Any]) -> None:
    async with slipstream.connect("memory:") as conn:
        name, value = next(iter(options.items()))
        arguments: dict[str, Any] = {"name": "s"} | options
        with pytest.raises(InvalidArgument) as caught:
            await conn.store(**arguments)
        assert name in str(caught.value)
        assert name == "max_age" or str(value) in str(caught.value)


class Boasting:
    """An iterable that says it is longer than any memory."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys)

    def __len__(self) -> int:
        return sys.maxsize

    def __length_hint__(self) -> int:
        return sys.maxsize


async def test_x6_memory_is_not_taken_on_a_length_s_word(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.put("a", b"1")
        found = await store.get_many(Boasting("b", "a"))
        assert [entry and entry.value for entry in found] == [None, b"1"]
        many: Any = range(10**15)
        with pytest.raises(TypeError, match="keys must be an iterable of str, not of int"):
            await store.get_many(many)
        # Sixteen bytes that are told as a petabyte, as numpy tells what is broadcast.
        made = ctypes.pythonapi.PyMemoryView_FromMemory
        made.restype = ctypes.py_object
        made.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)
        bytes16 = ctypes.create_string_buffer(16)
        vast = made(ctypes.addressof(bytes16), 2**50, 0x100)
        for write in (store.put, store.create):
            with pytest.raises(MemoryError, match=r"no memory for value of 1125899906842624 bytes"):
                await write("a", vast)
        with pytest.raises(MemoryError, match=r"no memory for cursor"):
            store.watch("", cursor=vast)


async def test_types_that_are_wrong_are_type_errors(open_store: OpenStore) -> None:
    async with open_store() as store:
        wrong: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
            (store.get, (b"key",), {}),
            (store.get, (None,), {}),
            (store.get, (), {}),
            (store.get_many, ("key",), {}),
            (store.get_many, (b"key",), {}),
            (store.get_many, (None,), {}),
            (store.get_many, (["key", b"key"],), {}),
            (store.get_many, ("key", "key"), {}),
            (store.get_many, (), {}),
            (store.keys, (None,), {}),
            (store.put, ("k", "text"), {}),
            (store.put, ("k", None), {}),
            (store.put, ("k", 7), {}),
            (store.put, ("k", b"v"), {"ttl": "soon"}),
            (store.put, ("k", b"v", 7), {}),
            (store.update, ("k", b"v", None), {}),
            (store.update, ("k", b"v", "version"), {}),
            (store.watch, (1,), {}),
            (store.watch, ("",), {"cursor": "text"}),
            (slipstream.connect, (7,), {}),
            (slipstream.connect, ("memory:",), {"timeout": "long"}),
            (slipstream.connect, ("nats://host",), {"token": 7}),
            (slipstream.connect, ("nats://host",), {"creds_file": 7}),
            (slipstream.connect, ("nats://host",), {"tls_first": "yes"}),
            (slipstream.connect, ("nats://host",), {"tls_certificate": "client.pem"}),
        ]
        for function, arguments, options in wrong:
            with pytest.raises(TypeError):
                function(*arguments, **options)
        wanted = "keys must be an iterable of str, not"
        for keys, found in (("key", "one str; put it into a list"), ([7], "of int"), (7, "int")):
            with pytest.raises(TypeError, match=f"^{wanted} {found}$"):
                await store.get_many(cast("Any", keys))
        with pytest.raises(ZeroDivisionError):
            await store.get_many("key" for _ in range(1 // 0))
        text: Any = "text"
        with pytest.raises(TypeError, match="value must be bytes, not str; encode it first"):
            await store.put("k", text)


@pytest.mark.parametrize("ttl", [0, -1, float("inf"), float("nan"), timedelta(0)])
async def test_w5_a_ttl_that_is_no_time_is_refused(open_store: OpenStore, ttl: Any) -> None:
    async with open_store() as store:
        with pytest.raises(InvalidArgument, match="ttl"):
            await store.put("k", b"v", ttl=ttl)


async def test_v1_v4_v5_tokens_and_cursors_of_another_shape(open_store: OpenStore) -> None:
    async with open_store() as store:
        with pytest.raises(InvalidArgument):
            await store.update("k", b"v", Version(b"\0" * 11))
        for token in (Version(b""), Version(b"\0" * 10)):
            with pytest.raises(InvalidArgument):
                await store.update("k", b"v", token)
            with pytest.raises(InvalidArgument):
                await store.delete_with_version("k", token)
        with pytest.raises(InvalidArgument):
            store.watch("", cursor=Cursor(b"\x07" * 20))
        with pytest.raises(InvalidArgument):
            store.watch("", cursor=Cursor(b"\x07" * 10))


@pytest.mark.parametrize(
    "url", ["", "memory", "redis://host", "memory:a b", "file:", "nats:", "tls://host:x"]
)
async def test_l4_a_bad_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidArgument):
        await slipstream.connect(url)


async def test_l4_a_password_is_not_shown() -> None:
    with pytest.raises(InvalidArgument) as caught:
        await slipstream.connect("redis://user:secret@host")
    assert "secret" not in str(caught.value)


NATS_OPTIONS: dict[str, Any] = {
    "creds": "secret",
    "creds_file": Path("user.creds"),
    "nkey": "secret",
    "token": "secret",
    "user": "secret",
    "password": "secret",
    "tls_ca": Path("ca.pem"),
    "tls_cert": Path("cert.pem"),
    "tls_key": Path("key.pem"),
    "tls_first": True,
    "stale_reads": True,
    "client_name": "secret",
}


@pytest.mark.parametrize("option", NATS_OPTIONS)
async def test_an_option_of_nats_is_refused_by_name_with_an_embedded_url(option: str) -> None:
    given = {option: NATS_OPTIONS[option]}
    with pytest.raises(InvalidArgument, match=f"{option} is an option of connections to NATS"):
        await slipstream.connect("memory:", **given)
    with pytest.raises(InvalidArgument, match=f"{option} is an option of connections to NATS"):
        slipstream.sync.connect("memory:", **given)


def test_there_is_no_other_option_of_nats() -> None:
    parameters = inspect.signature(slipstream.connect).parameters
    assert parameters.keys() - NATS_OPTIONS.keys() == {
        "url",
        "timeout",
        "connect_timeout",
        "wait",
    }
