"""A program of the demo that runs in a process of its own and is told what to do."""

import json
import queue
import subprocess
import threading
from typing import Any, Self

ANSWER_SECONDS = 20


class Actor:
    """One process. What it says appears in the transcript under its name."""

    def __init__(self, name: str, *command: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._answers: queue.Queue[Any] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, do: str, *arguments: object) -> None:
        """Has it do something, and does not wait."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "with": arguments}) + "\n")

    def answer(self) -> Any:
        """What it answers next."""
        try:
            return self._answers.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            raise RuntimeError(f"{self.name} did not answer within {ANSWER_SECONDS} s") from None

    def ask(self, do: str, *arguments: object) -> Any:
        """Has it do something, and waits for the answer."""
        self.tell(do, *arguments)
        return self.answer()

    def kill(self) -> None:
        """kill -9, if it still runs: it cannot tidy up."""
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """Closes its standard input, so that it ends by itself; its exit status."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(timeout=ANSWER_SECONDS)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "say" in message:
                print(f"   {self.name:7} {message['say']}", flush=True)
            else:
                self._answers.put(message["answer"])
