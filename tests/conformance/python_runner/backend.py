"""The backends that scenarios run on."""

import itertools
import json
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from kit.place import Place

from .scenario import DIRECTORY, Scenario

COUNT = itertools.count()


@dataclass(frozen=True)
class Backend:
    """How a scenario gets a fresh place, and what the backend has."""

    name: str
    url: str
    has: list[str]

    def can_tell(self, scenario: Scenario) -> bool:
        return set(scenario.needs) <= set(self.has)

    def fresh_url(self) -> str:
        """A URL that no other scenario uses, once the world has filled it in."""
        return self.url.replace("{name}", f"scenario-{next(COUNT)}")

    def place(self, directory: str) -> AbstractContextManager[Place | None]:
        """A server for one scenario, where the backend has one."""
        return Place(Path(directory, "place")) if "server" in self.has else nullcontext()


def load_backends() -> list[Backend]:
    """The backends named in SLIPSTREAM_BACKENDS, or all."""
    entries = json.loads((DIRECTORY / "backends.json").read_text())
    known = {entry["name"]: Backend(**entry) for entry in entries}
    chosen = os.environ.get("SLIPSTREAM_BACKENDS", ",".join(known))
    return [known[name] for name in chosen.split(",")]
