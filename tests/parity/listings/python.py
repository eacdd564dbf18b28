"""What the Python package exports, as it is installed.

Prints one line of JSON: each name with the names of its parameters. Usage: python.py MODULE
"""

import importlib
import inspect
import json
import sys
from typing import Any

ITERATION = {"__iter__", "__aiter__"}


def main() -> None:
    module = importlib.import_module(sys.argv[1])
    listed: dict[str, list[str]] = {}
    for name in module.__all__:
        if name.startswith("_"):
            continue
        exported = getattr(module, name)
        listed[name] = parameters(exported)
        for member in members(exported):
            listed[f"{name}.{member}"] = parameters(getattr(exported, member, None))
    print(json.dumps(listed))


def parameters(exported: Any) -> list[str]:
    """Of a function or method; nothing else is called with any."""
    if not inspect.isroutine(exported):
        return []
    names = list(inspect.signature(exported).parameters)
    return names[1:] if names[:1] == ["self"] else names


def members(exported: Any) -> list[str]:
    """What a class has for its users. Kinds of errors have the members of their base."""
    if not inspect.isclass(exported):
        return []
    if issubclass(exported, Exception):
        return list(vars(exported).get("__annotations__", ())) if is_base(exported) else []
    return [name for name in dir(exported) if name in ITERATION or not name.startswith("_")]


def is_base(error: type[Exception]) -> bool:
    return Exception in error.__bases__


main()
