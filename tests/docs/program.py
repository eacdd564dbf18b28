"""An example that runs, and what it says."""

import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from fences import ROOT
from kit.wait import wait_for


class Program:
    """A process. Its lines are kept as they come."""

    def __init__(self, command: Sequence[str | Path]) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """``kill -9``, if it still runs. All that it said is in `lines` then."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def says(self, what: str, met: Callable[[list[str]], bool]) -> None:
        """Waits until its lines are as they should be."""
        wait_for(what, lambda: self._check() and met(self.lines))

    def _check(self) -> bool:
        assert self._process.poll() is None, "\n".join(["it ended:", *self.lines])
        return True

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
        self._process.stdout.close()
