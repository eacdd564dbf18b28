"""What runs for as long as a ``with`` block."""

from abc import ABC, abstractmethod
from typing import Self


class Service(ABC):
    """Something that is started and stopped. What does not start is stopped all the same."""

    @abstractmethod
    def start(self) -> None:
        """Starts what does not run, and waits until it serves."""

    @abstractmethod
    def stop(self) -> None:
        """Stops what runs."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
