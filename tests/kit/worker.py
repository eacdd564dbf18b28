"""A process in one of the languages that a test tells what to do."""

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from kit import kotlin

LANGUAGES = ("python", "node")
OTHER = {"python": "node", "node": "python"}

_RUBY = Path(__file__).parents[2] / "bindings" / "uniffi" / "ruby" / "lib"
_SUFFIX = {"python": "py", "node": "mjs", "ruby": "rb"}
_COMMAND: dict[str, tuple[str | Path, ...]] = {
    "python": (sys.executable,),
    "node": ("node",),
    "ruby": ("ruby", "-I", _RUBY),
}


class Worker:
    """A worker program in ``folder``, such as ``counter.py`` or ``counter.mjs``.

    It says what happens as lines of JSON on its standard output and is told what to do by lines on
    its standard input. What it writes to its standard error becomes part of a failure.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        language: str,
        *arguments: object,
        before: Callable[[], None] | None = None,
    ) -> None:
        """Starts it. ``before`` runs in the new process, before the program does."""
        self.name = f"{name} ({language})"
        self._process = subprocess.Popen(
            [*_command(folder, name, language), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )
        self._said: queue.Queue[Any] = queue.Queue()
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def errors(self) -> str:
        """What it has written to its standard error."""
        return "".join(self._errors)

    def hears(self, seconds: float = 30.0) -> Any:
        """The next thing that it says."""
        try:
            said = self._said.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(
                f"{self.name} said nothing for {seconds:g} s\n{self.errors}"
            ) from None
        if said is None:
            raise AssertionError(f"{self.name} ended with {self._process.wait()}\n{self.errors}")
        return said

    def tell(self, line: object) -> None:
        """Gives it a line, and does not wait."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def ask(self, line: object, seconds: float = 30.0) -> Any:
        """Gives it a line and returns what it says next."""
        self.tell(line)
        return self.hears(seconds)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """``kill -9``, if it still runs."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(timeout=10)

    def close_input(self) -> None:
        """Tells it that nothing more will be said, and does not wait."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def ends(self, seconds: float = 30.0) -> int:
        """Lets it end by itself, and returns its exit status."""
        self.close_input()
        return self._process.wait(timeout=seconds)

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line))
        self._said.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors.append(line)


def _command(folder: Path, name: str, language: str) -> tuple[str | Path, ...]:
    if language == "kotlin":
        # It is compiled with the rest, to a class of this name.
        return kotlin.program(f"{name.capitalize()}Kt")
    return (*_COMMAND[language], folder / f"{name}.{_SUFFIX[language]}")
