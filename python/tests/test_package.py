"""What is installed is whole: version, licence, and a stub that says what the classes say."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import slipstream
from slipstream import _native

PYTHON = Path(__file__).resolve().parent.parent
STUB = PYTHON / "slipstream" / "_native.pyi"
EXAMPLE = re.compile(r"^(?:>>>|\.\.\.).*", re.MULTILINE)


def test_the_native_half_is_of_the_version_that_is_installed() -> None:
    assert slipstream.__version__ == importlib.metadata.version("slipstream-kv")


def test_the_licence_and_the_readme_are_installed() -> None:
    installed = importlib.metadata.distribution("slipstream-kv")
    licence = installed.read_text("licenses/LICENSE")
    assert licence == (PYTHON.parent / "LICENSE").read_text()
    assert (PYTHON / "README.md").read_text() in (installed.read_text("METADATA") or "")


def documented() -> Iterator[tuple[str, str | None, str | None]]:
    """Every public class and method: its name, what the stub says of it, what the class says."""
    classes = (node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ClassDef))
    for stub in classes:
        kind = getattr(_native, stub.name)
        yield stub.name, ast.get_docstring(stub), inspect.getdoc(kind)
        for method in stub.body:
            if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                said = inspect.getdoc(getattr(kind, method.name))
                yield f"{stub.name}.{method.name}", ast.get_docstring(method), said


def test_the_stub_says_what_the_classes_say() -> None:
    entries = list(documented())
    assert {"Store", "Store.get", "SyncStore.get", "Watch.cursor"} <= {
        name for name, _, _ in entries
    }
    for name, shown, said in entries:
        assert said, name
        # A blocking class has the methods of the one that is awaited, but its examples are its own.
        expected = EXAMPLE.sub(without_await, said) if name.startswith("Sync") else said
        assert shown == expected, name


def without_await(example: re.Match[str]) -> str:
    return re.sub(r"\b(?:await|async) ", "", example[0])
