"""Which languages can be run on this machine."""

import functools
import shutil
import subprocess

# What answers, with exit status 0, where a language can be run.
_ANSWERS = {
    "kotlin": (("java", "-version"), ("mvn", "--version")),
    "ruby": (("ruby", "-rffi", "-e", "0"),),
    "swift": (("swift", "--version"),),
}


@functools.cache
def missing(language: str) -> str | None:
    """Why a language cannot be run here; nothing where it can."""
    for command in _ANSWERS.get(language, ()):
        if shutil.which(command[0]) is None:
            return f"there is no {command[0]} on this machine"
        if subprocess.run(command, capture_output=True, check=False, timeout=60).returncode != 0:
            return f"{' '.join(command)} fails on this machine"
    return None
