"""The tables of a bench run, as Markdown."""

from collections.abc import Sequence

from figures import spread
from measurement import Contestants, Measurement, Row, ratios
from verdict import Verdict, judge

VERDICTS_HEADER = """\
| what | against | measured | must be | client CPU | must be | |
|---|---|---|---|---|---|---|"""
HEADER = """\
| what | who | µs an operation | a second | CPU µs an operation | time over ours |
|---|---|---|---|---|---|"""


def markdown(
    rows: Sequence[Row], measurements: Sequence[Measurement], stamp: dict[str, str]
) -> str:
    """The targets of these rows, then every contestant. Medians, with the least and the most."""
    lines = [HEADER]
    verdicts = [VERDICTS_HEADER]
    for row in rows:
        contestants = Contestants(row, measurements)
        verdicts += verdict_lines(row, judge(row, contestants))
        lines += [contestant_line(row, who, contestants) for who in contestants]
    count = max((each.round for each in measurements), default=0) + 1
    return "\n".join(
        [
            ", ".join(f"{name} {value}" for name, value in stamp.items()) + ".",
            f"Median of {count} rounds (least to most), all contestants in every round.",
            "",
            *verdicts,
            "",
            "<details><summary>Every contestant</summary>",
            "",
            *lines,
            "",
            "</details>",
        ]
    )


def verdict_lines(row: Row, verdicts: Sequence[Verdict]) -> list[str]:
    """A line for each target, with the one of processor time that goes with it."""
    lines = []
    for verdict in verdicts:
        if verdict.cpu:
            continue
        cpus = [each for each in verdicts if each.cpu and verdict.against in ("", each.against)]
        both = [verdict, *cpus[:1]]
        cells = [row.title, both[-1].against, verdict.measured, verdict.rule]
        cells += [cpus[0].measured, cpus[0].rule] if cpus else ["", ""]
        cells.append("met" if all(each.met for each in both) else "MISSED")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def contestant_line(row: Row, who: str, contestants: Contestants) -> str:
    theirs = contestants[who]
    first = theirs[0]
    if first.mebibytes is not None:
        amount = spread([each.amount("mebibytes") for each in theirs], " MiB")
        return f"| {row.title} | {who} | {amount} | | | |"
    if first.wakeups is not None:
        amount = spread([each.amount("wakeups") for each in theirs], " wake-ups")
        return f"| {row.title} | {who} | {amount} | | | |"
    times = spread([each.time for each in theirs])
    if first.behind is not None:
        behind = spread([each.amount("behind") * 100 for each in theirs], "%")
        times += f", behind by {behind}"
    # One operation is the median of many, a latency and no rate.
    rate = "" if first.operations == 1 else spread([1e6 / each.time for each in theirs])
    cpu = spread([each.cpu_time for each in theirs])
    over = "1" if who == row.ours else spread(ratios(theirs, contestants.ours), "x")
    return f"| {row.title} | {who} | {times} | {rate} | {cpu} | {over} |"
