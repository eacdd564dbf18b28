"""Whether what came is what a scenario expects."""

from datetime import UTC, datetime
from typing import Any

import slipstream

from .names import Names

UNSET: Any = object()


def check_error(error: slipstream.KvError, spec: Any, names: Names) -> None:
    """Compares an error with ``error:``."""
    spec = {"code": spec} if isinstance(spec, str) else dict(spec)
    shown = f"{error!r} {str(error)!r}"
    assert error.code == spec.pop("code"), shown
    assert type(error).__name__ == error.code, shown
    for part in spec.pop("contains", ()):
        assert names.text(part) in str(error), shown
    for part in spec.pop("lacks", ()):
        assert names.text(part) not in str(error), shown
    if "key" in spec:
        assert error.key == names.text(spec.pop("key")), shown
    for name in ("store", "retryable", "outcome_unknown"):
        if name in spec:
            assert getattr(error, name) == spec.pop(name), f"{name}: {shown}"
    assert not spec, f"unknown: {spec}"


def check_answer(kind: str, answer: Any, expected: Any, names: Names) -> None:
    """Compares an answer with ``expect:``."""
    match kind:
        case "get" | "entry" if expected is None:
            assert answer is None, f"got {answer!r}"
        case "get" | "entry":
            assert answer is not None, f"got nothing instead of {expected!r}"
            assert answer.value == names.octets(expected), f"got {answer!r}"
        case "scan":
            entries = [(entry.key, entry.value) for entry in answer]
            assert entries == [(key, names.octets(value)) for key, value in expected]
        case _:
            assert answer == expected


def check_end(entry: Any, seconds: list[float] | None) -> None:
    """Compares when an entry ends with ``expires_in:``, in seconds from now."""
    if seconds is None:
        assert entry.expires_at is None, f"got {entry!r}"
    else:
        least, most = seconds
        left = (entry.expires_at - datetime.now(UTC)).total_seconds()
        assert least <= left <= most, f"{left} s left of {entry!r}"


def version_of(kind: str, answer: Any) -> bytes | None:
    """The version that an answer carries."""
    match kind:
        case "get" | "entry":
            version = None if answer is None else answer.version
        case "put" | "create" | "update":
            version = answer
        case _:
            version = None
    assert version is None or isinstance(version, bytes), repr(version)
    return version
