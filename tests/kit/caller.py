"""A worker that makes whatever call it is told to, in either language."""

from pathlib import Path
from typing import Any

from kit.worker import Worker

PROGRAMS = Path(__file__).parent / "programs"


class CallFailed(Exception):
    """A call of the worker raised. The fields are those of the error there."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['name']}: {error['message']}")
        self.name: str = error["name"]
        self.code: str | None = error["code"]
        self.message: str = error["message"]
        self.retryable: bool | None = error["retryable"]
        self.outcome_unknown: bool | None = error["outcome_unknown"]


class Caller(Worker):
    """``caller.call("put", "a", b"1")`` makes that call in the worker and returns its answer."""

    def __init__(self, language: str, program: str = "caller", **options: Any) -> None:
        """``program`` is one of ``kit/programs`` that answers calls."""
        super().__init__(PROGRAMS, program, language, **options)

    def call(self, name: str, /, *arguments: object, seconds: float = 30.0, **options: Any) -> Any:
        """Raises `CallFailed` where the call raised."""
        self.begin(name, *arguments, **options)
        return self.outcome(seconds)

    def begin(self, name: str, /, *arguments: object, **options: object) -> None:
        """Makes the call and does not wait for its answer."""
        plain = [_encode(argument) for argument in arguments]
        named = {option: _encode(value) for option, value in options.items()}
        self.tell({"call": name, "arguments": plain, "options": named})

    def outcome(self, seconds: float = 30.0) -> Any:
        """The answer of the call that was begun."""
        said = self.hears(seconds)
        if "error" in said:
            raise CallFailed(said["error"])
        return _decode(said["answer"])


def _encode(value: object) -> object:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if isinstance(value, dict):
        if set(value) == {"hex"}:
            return bytes.fromhex(value["hex"])
        return {name: _decode(item) for name, item in value.items()}
    return value
