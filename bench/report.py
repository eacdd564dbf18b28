"""The table of a bench run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Measurement:
    """One contestant in one round: a time for so many operations, or an amount of memory."""

    row: str
    who: str
    round: int
    operations: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    mebibytes: float | None = None

    @property
    def time(self) -> float:
        """Microseconds an operation."""
        return self.seconds / self.operations * 1e6

    @property
    def cpu_time(self) -> float:
        """Microseconds of processor time an operation, all threads of the client together."""
        return self.cpu / self.operations * 1e6


@dataclass(frozen=True)
class Row:
    """A row of rows.toml."""

    section: str
    id: str
    title: str
    program: str
    ours: str
    targets: Sequence[dict[str, float | str]] = field(default_factory=tuple)


HEADER = """\
| what | who | µs an operation | a second | CPU µs an operation | time over ours |
|---|---|---|---|---|---|"""
TARGETS_HEADER = """\
| what | must reach | measured | |
|---|---|---|---|"""


def markdown(
    rows: Sequence[Row], measurements: Sequence[Measurement], stamp: dict[str, str]
) -> str:
    """Both tables of these rows: the targets, then every contestant. Medians, with the least and
    the most."""
    lines = [HEADER]
    targets = [TARGETS_HEADER]
    for row in rows:
        of_row = [each for each in measurements if each.row == row.id]
        contestants = {each.who: rounds(of_row, each.who) for each in of_row}
        ours = contestants[row.ours]
        lines += [contestant(row, who, ours, theirs) for who, theirs in contestants.items()]
        targets += [target(row, ours, contestants, each) for each in row.targets]
    count = max((each.round for each in measurements), default=0) + 1
    return "\n".join(
        [
            ", ".join(f"{name} {value}" for name, value in stamp.items()) + ".",
            f"Median of {count} rounds (least to most), all contestants in every round.",
            "",
            *targets,
            "",
            *lines,
        ]
    )


def rounds(measurements: Iterable[Measurement], who: str) -> list[Measurement]:
    return [each for each in measurements if each.who == who]


def contestant(
    row: Row, who: str, ours: Sequence[Measurement], theirs: Sequence[Measurement]
) -> str:
    """One line of the first table."""
    if theirs[0].mebibytes is not None:
        amount = spread([each.mebibytes or 0.0 for each in theirs], " MiB")
        return f"| {row.title} | {who} | {amount} | | | |"
    times = [each.time for each in theirs]
    # One operation is the median of many, a latency and no rate.
    rate = "" if theirs[0].operations == 1 else figure(1e6 / median(times))
    cpu = figure(median(each.cpu_time for each in theirs))
    over = "1" if who == row.ours else spread(ratios(theirs, ours), "x")
    return f"| {row.title} | {who} | {spread(times)} | {rate} | {cpu} | {over} |"


def target(
    row: Row,
    ours: Sequence[Measurement],
    contestants: dict[str, list[Measurement]],
    wanted: dict[str, float | str],
) -> str:
    """One line of the table of targets."""
    match wanted:
        case {"at_most": limit, "than": who}:
            values = ratios(ours, contestants[str(who)])
            rule, unit, met = f"at most {limit}x {who}", "x", median(values) <= float(limit)
        case {"faster": limit, "than": who}:
            values = ratios(contestants[str(who)], ours)
            rule, unit, met = f"{limit}x faster than {who}", "x", median(values) >= float(limit)
        case {"pace": limit, "of": who}:
            values = ratios(contestants[str(who)], ours)
            rule, unit, met = f"{limit}x the rate of {who}", "x", median(values) >= float(limit)
        case {"cpu": limit, "of": who}:
            values = cpu_ratios(ours, contestants[str(who)])
            rule, unit, met = f"at most {limit}x CPU of {who}", "x", median(values) <= float(limit)
        case {"rate": limit}:
            values = [1e6 / each.time for each in ours]
            rule, unit, met = f"{figure(float(limit))} a second", "", median(values) >= float(limit)
        case {"mebibytes": limit}:
            values = [each.mebibytes or 0.0 for each in ours]
            rule, unit, met = f"below {limit} MiB", " MiB", max(values) < float(limit)
        case _:
            raise ValueError(f"rows.toml: {row.id}: {wanted} is no target")
    return f"| {row.title} | {rule} | {spread(values, unit)} | {'met' if met else 'MISSED'} |"


def ratios(over: Sequence[Measurement], under: Sequence[Measurement]) -> list[float]:
    """Ratios of time, each taken inside one round."""
    return [a.time / b.time for a, b in zip(over, under, strict=True)]


def cpu_ratios(over: Sequence[Measurement], under: Sequence[Measurement]) -> list[float]:
    """Ratios of processor time, each taken inside one round."""
    return [a.cpu_time / b.cpu_time for a, b in zip(over, under, strict=True)]


def spread(values: Sequence[float], unit: str = "") -> str:
    low, high = figure(min(values)), figure(max(values))
    return f"{figure(median(values))}{unit} ({low} to {high})"


def figure(value: float) -> str:
    """Three digits that mean something."""
    if abs(value) >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"
