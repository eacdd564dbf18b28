"""A process that runs beside a test and never outlives it."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kit.wait import wait_for

# Kills its argument when its own input ends: that is when the process that holds the other end is
# gone, however it went.
_GUARD = "read _; kill -9 $0"


class Daemon:
    """A running program. Its output goes to a file."""

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        """Starts it, in a session of its own: an interrupted test ends it in its own order."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        os.kill(self._process.pid, number)

    def pause(self) -> None:
        """Stops it where it stands, and waits until that is so: a thread may do a little more."""
        self.send(signal.SIGSTOP)
        threads = Path(f"/proc/{self.pid}/task")

        def is_still(thread: Path) -> bool:
            state = (thread / "stat").read_text().rpartition(")")[2].split()[0]
            return state in "Tt"

        wait_for("it stands still", lambda: all(map(is_still, threads.iterdir())))

    def resume(self) -> None:
        """Takes `pause` back."""
        self.send(signal.SIGCONT)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 20.0) -> None:
        """Ends it with a signal and waits; what does not end in time is killed."""
        if self.is_running:
            self.send(number)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # Before its input ends, so that it never kills what has that pid next.
        self._guard.kill()
        self._guard.wait()
        assert self._guard.stdin is not None
        self._guard.stdin.close()
