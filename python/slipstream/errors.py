"""What can go wrong: the same kinds, names and codes in every language (contract section E)."""

from __future__ import annotations

from typing import Any, ClassVar


class KvError(Exception):
    """Base of every error of slipstream.

    ``code`` is the kind's stable name in every language, ``retryable`` says whether the same call
    may succeed later with nothing else changed. ``key``, ``store`` and ``operation`` say what was
    asked, where that is known. ``outcome_unknown`` is true for a write that failed and may have
    happened nevertheless (rule W6).
    """

    code: ClassVar[str] = "KvError"
    retryable: bool = False
    key: str | None
    store: str | None
    operation: str | None
    outcome_unknown: bool

    def __init__(
        self,
        message: str = "",
        *,
        key: str | None = None,
        store: str | None = None,
        operation: str | None = None,
        outcome_unknown: bool = False,
    ) -> None:
        """Make an error with a message and what was asked."""
        super().__init__(message)
        self.key = key
        self.store = store
        self.operation = operation
        self.outcome_unknown = outcome_unknown

    def __init_subclass__(cls) -> None:
        """Give every kind its code: its own name."""
        super().__init_subclass__()
        cls.code = cls.__name__

    def __str__(self) -> str:
        """Show the message, also where a builtin base would quote it."""
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message and what was asked."""
        return type(self), self.args, self.__dict__


class NotConnected(KvError, ConnectionError):  # noqa: N818
    """The connection was closed, or belongs to the parent of a forked process."""


class ConnectionFailed(KvError, ConnectionError):  # noqa: N818
    """The server or file could not be reached or opened."""

    retryable = True


class KeyNotFound(KvError, KeyError):  # noqa: N818
    """The key has no value. Reads answer None instead (rule R1)."""


class AlreadyExists(KvError):  # noqa: N818
    """``create`` found a live value (rule W1)."""


class RevisionMismatch(KvError):  # noqa: N818
    """The key is no longer at the expected version, or is absent (rule W2)."""


class DeserializationError(KvError):
    """Stored or received bytes could not be understood."""


class SerializationError(KvError):
    """A value could not be turned into bytes."""


class WatchError(KvError):
    """A watch ended for a reason it could not recover from."""

    retryable = True


class OperationFailed(KvError):  # noqa: N818
    """The backend refused or failed the operation."""


class Timeout(KvError, TimeoutError):  # noqa: N818
    """The deadline passed (rule L3). The outcome of a write is then unknown (W6)."""

    retryable = True


class CursorExpired(KvError):  # noqa: N818
    """Changes after the cursor can no longer be told: watch again without one (rule S5)."""


class InvalidArgument(KvError, ValueError):  # noqa: N818
    """A key, prefix, name, token, cursor or option broke a rule; nothing was sent."""


class LimitExceeded(KvError):  # noqa: N818
    """The value is too large, or the store or disk is full (rule W7)."""


class PermissionDenied(KvError, PermissionError):  # noqa: N818
    """The server or file system denies this operation to this user."""


class StoreNotFound(KvError, LookupError):  # noqa: N818
    """There is no store of this name: it was never made, or was deleted (rule R7)."""
