"""Makes calls that come in as lines of JSON, and answers each with a line."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

# What a call answers, in terms of JSON and bytes; None for a value that is plain already.
Plain = Callable[[Any], Any]


async def answer_calls(
    call: Callable[[str, list[Any], dict[str, Any]], Awaitable[Any]], plain: Plain
) -> None:
    """Makes each call by ``call(name, arguments, options)`` until the input ends.

    ``plain`` turns an object of the library into a dict, or gives back what is none.
    """

    def encode(value: Any) -> Any:
        match value:
            case bytes():
                return {"hex": value.hex()}
            case list():
                return [encode(item) for item in value]
            case dict():
                return {name: encode(item) for name, item in value.items()}
            case _:
                made = plain(value)
                return made if made is value else encode(made)

    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        arguments = [_decode(argument) for argument in told["arguments"]]
        options = {name: _decode(value) for name, value in told["options"].items()}
        try:
            said = {"answer": encode(await call(told["call"], arguments, options))}
        except Exception as error:
            said = {"error": _describe(error)}
        print(json.dumps(said), flush=True)


def _decode(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def _describe(error: Exception) -> dict[str, Any]:
    return {
        "name": type(error).__name__,
        "message": str(error),
        "code": getattr(error, "code", None),
        "retryable": getattr(error, "retryable", None),
        "outcome_unknown": getattr(error, "outcome_unknown", None),
    }
