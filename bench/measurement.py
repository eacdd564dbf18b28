"""Measurements of a bench run, and the rows of its tables that they belong to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Measurement:
    """One contestant in one round: a time for so many operations, or an amount of something."""

    row: str
    who: str
    round: int
    operations: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    mebibytes: float | None = None
    wakeups: float | None = None
    behind: float | None = None

    @property
    def time(self) -> float:
        """Microseconds an operation."""
        return self.seconds / self.operations * 1e6

    @property
    def cpu_time(self) -> float:
        """Microseconds of processor time an operation, all threads of the client together."""
        return self.cpu / self.operations * 1e6

    def amount(self, name: str) -> float:
        """What this contestant must have measured beside a time, or instead of one."""
        amount = {
            "mebibytes": self.mebibytes,
            "wakeups": self.wakeups,
            "behind": self.behind,
        }[name]
        if amount is None:
            raise ValueError(f"{self.row}: {self.who} has measured no {name}")
        return amount


@dataclass(frozen=True)
class Row:
    """A row of rows.toml."""

    section: str
    id: str
    title: str
    program: str
    ours: str
    targets: Sequence[dict[str, float | str]] = field(default_factory=tuple)


class Contestants(dict[str, list[Measurement]]):
    """The rounds of each contestant of a row."""

    def __init__(self, row: Row, measurements: Iterable[Measurement]) -> None:
        super().__init__()
        for each in measurements:
            if each.row == row.id:
                self.setdefault(each.who, []).append(each)
        self.ours = self[row.ours]


def ratios(over: Sequence[Measurement], under: Sequence[Measurement]) -> list[float]:
    """Ratios of time, each taken inside one round."""
    return [a.time / b.time for a, b in zip(over, under, strict=True)]


def cpu_ratios(over: Sequence[Measurement], under: Sequence[Measurement]) -> list[float]:
    """Ratios of processor time, each taken inside one round."""
    return [a.cpu_time / b.cpu_time for a, b in zip(over, under, strict=True)]
