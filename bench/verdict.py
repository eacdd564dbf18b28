"""The comparison of a row's figures with the factors that it must reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from figures import figure, spread
from measurement import Contestants, Measurement, Row, cpu_ratios, ratios


@dataclass(frozen=True)
class Verdict:
    """On a target of a row, by what was measured in each round."""

    limit: float
    values: Sequence[float]
    unit: str
    # Whether the limit is the most there may be, and not the least.
    ceiling: bool
    # The contestant that ours is compared with, if it is a comparison.
    against: str = ""
    # Whether it is about processor time.
    cpu: bool = False

    @property
    def measured(self) -> str:
        return spread(self.values, self.unit)

    @property
    def rule(self) -> str:
        return f"{'at most ' if self.ceiling else ''}{figure(self.limit)}{self.unit}"

    @property
    def met(self) -> bool:
        middle = median(self.values)
        return middle <= self.limit if self.ceiling else middle >= self.limit


def judge(row: Row, contestants: Contestants) -> list[Verdict]:
    """On all targets of a row."""
    return [verdict(row, contestants, wanted) for wanted in row.targets]


def verdict(row: Row, contestants: Contestants, wanted: dict[str, float | str]) -> Verdict:
    """On one target; rows.toml lists the kinds."""
    ours = contestants.ours
    match wanted:
        case {"at_most": float() | int() as limit, "than": str(who)}:
            return Verdict(limit, ratios(ours, contestants[who]), "x the time", True, who)
        case {"faster": float() | int() as limit, "than": str(who)}:
            return Verdict(limit, ratios(contestants[who], ours), "x as fast", False, who)
        case {"cpu": float() | int() as limit, "of": str(who)}:
            return Verdict(limit, cpu_ratios(ours, contestants[who]), "x", True, who, cpu=True)
        case {"rate": float() | int() as limit}:
            return Verdict(limit, [1e6 / each.time for each in ours], " a second", False)
        case {"mebibytes": float() | int() as limit}:
            return Verdict(limit, [worst(ours, "mebibytes")], " MiB", True)
        case {"wakeups": float() | int() as limit}:
            values = [each.amount("wakeups") for each in ours]
            return Verdict(limit, values, " wake-ups an operation", True)
        case {"behind": float() | int() as limit}:
            return Verdict(limit * 100, [worst(ours, "behind") * 100], "% behind", True)
        case _:
            raise ValueError(f"rows.toml: {row.id}: {wanted} is no target")


def worst(rounds: Sequence[Measurement], name: str) -> float:
    """The most of what other rounds do not make up for."""
    return max(each.amount(name) for each in rounds)
