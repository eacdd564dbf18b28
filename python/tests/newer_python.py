"""Interpreters of the machine that are newer than the oldest that is supported."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MINOR_VERSIONS = range(12, 16)
_TELL = "import sys; print(sys.version_info.minor)"


@functools.cache
def newer_python(minor: int) -> str | None:
    """A Python of at least this minor version: the one that runs, or another that is installed."""
    if sys.version_info >= (3, minor):
        return sys.executable
    return next((program for program in _installed() if _minor_version(program) >= minor), None)


def _installed() -> Iterator[str]:
    for version in MINOR_VERSIONS:
        if found := shutil.which(f"python3.{version}"):
            yield found
    # Behind pyenv's shims only those answer that were chosen.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for version in MINOR_VERSIONS:
        yield from map(str, sorted(pyenv.glob(f"versions/3.{version}.*/bin/python3.{version}")))


def _minor_version(program: str) -> int:
    ran = subprocess.run([program, "-c", _TELL], capture_output=True, text=True, check=False)
    return int(ran.stdout) if ran.returncode == 0 else 0
