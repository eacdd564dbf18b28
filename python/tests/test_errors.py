"""The exceptions: fifteen kinds under one base, the same in every language."""

from __future__ import annotations

import copy
import pickle

import pytest

import slipstream
from slipstream import KvError, errors

from .conftest import OpenStore

KINDS = {
    "NotConnected": ConnectionError,
    "ConnectionFailed": ConnectionError,
    "KeyNotFound": KeyError,
    "AlreadyExists": KvError,
    "RevisionMismatch": KvError,
    "DeserializationError": KvError,
    "SerializationError": KvError,
    "WatchError": KvError,
    "OperationFailed": KvError,
    "Timeout": TimeoutError,
    "CursorExpired": KvError,
    "InvalidArgument": ValueError,
    "LimitExceeded": KvError,
    "PermissionDenied": PermissionError,
    "StoreNotFound": LookupError,
}


@pytest.mark.parametrize("name", KINDS)
def test_e_every_kind_is_a_named_class(name: str) -> None:
    kind = getattr(slipstream, name)
    assert kind is getattr(errors, name)
    assert issubclass(kind, KvError)
    assert issubclass(kind, KINDS[name])
    assert kind.code == name
    assert kind.retryable == (name in {"ConnectionFailed", "Timeout", "WatchError"})
    error = kind("it's so", key="k", store="s", operation="get", outcome_unknown=True)
    assert str(error) == "it's so"
    assert repr(error) == f'{name}("it\'s so")'
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert str(again) == "it's so"
        assert (again.key, again.store, again.operation) == ("k", "s", "get")
        assert again.outcome_unknown is True


def test_e_there_are_exactly_the_kinds_of_the_contract() -> None:
    assert {kind.__name__ for kind in KvError.__subclasses__()} == set(KINDS)


async def test_e_an_error_says_what_was_asked(open_store: OpenStore) -> None:
    async with open_store() as store:
        version = await store.put("node.a", b"v")
        await store.put("node.a", b"w")
        with pytest.raises(slipstream.RevisionMismatch) as caught:
            await store.update("node.a", b"x", version)
        error = caught.value
        assert (error.code, error.retryable) == ("RevisionMismatch", False)
        assert (error.key, error.store, error.operation) == ("node.a", "test", "update")
        assert error.outcome_unknown is False
        assert '"node.a"' in str(error)
        assert '"test"' in str(error)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.key) == (type(error), str(error), "node.a")


async def test_l4_a_file_that_cannot_be_opened_says_so() -> None:
    with pytest.raises(KvError) as caught:
        await slipstream.connect("file:/proc/no/such/folder/state.db")
    assert caught.value.operation == "connect"
    assert "/proc/no" in str(caught.value)
