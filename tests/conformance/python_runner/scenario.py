"""The scenario files."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

DIRECTORY = Path(__file__).resolve().parent.parent

Step = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """One rule of the contract, told in steps."""

    rule: str
    name: str
    steps: list[Step]
    needs: list[str] = field(default_factory=list)
    edge: list[int] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.rule}: {self.name}"


def load_scenarios() -> list[Scenario]:
    files = sorted(DIRECTORY.glob("*.yaml"))
    return [Scenario(**entry) for file in files for entry in yaml.safe_load(file.read_text())]
