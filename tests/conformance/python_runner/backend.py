"""The backends that scenarios run on."""

import itertools
import json
import os
from dataclasses import dataclass

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

    def fresh_url(self, directory: str) -> str:
        """A URL that no other scenario uses."""
        name = f"scenario-{next(COUNT)}"
        return self.url.replace("{name}", name).replace("{dir}", directory)


def load_backends() -> list[Backend]:
    """The backends named in SLIPSTREAM_BACKENDS, or all."""
    entries = json.loads((DIRECTORY / "backends.json").read_text())
    known = {entry["name"]: Backend(**entry) for entry in entries}
    chosen = os.environ.get("SLIPSTREAM_BACKENDS", ",".join(known))
    return [known[name] for name in chosen.split(",")]
