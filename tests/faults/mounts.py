"""Mounts that only one process sees, as containers have them."""

import ctypes
import os
from pathlib import Path

_CLONE_NEWNS = 0x0002_0000
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 0x4_0000


def mount_privately(source: Path, target: Path) -> None:
    """Mounts a file or folder at a second name, which only this process sees."""
    libc = ctypes.CDLL(None, use_errno=True)

    def check(status: int) -> None:
        if status != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    check(libc.unshare(_CLONE_NEWNS))
    check(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None))
    check(libc.mount(bytes(source), bytes(target), None, _MS_BIND, None))
