"""Measures ours, the peers and the floors side by side: `make bench`.

Prints the table as Markdown, and writes every measurement as JSON and a chart as SVG, to
target/bench/results/, or with --keep to bench/results/ and docs/, where docs/benchmarks.md shows
them. The table says which targets are missed; that does not fail the run, since a bench is not a
test.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from contextlib import ExitStack
from pathlib import Path

import machine
import server
from chart import svg
from measurement import Measurement, Row
from places import BENCH, BUILT, ROOT
from report import markdown

sys.path.append(str(ROOT / "tests"))
from kit import kotlin
from kit.toolchain import missing

PROGRAM_SECONDS = 600
ENGINE_ROUND_SECONDS = "1.0"
# What was measured last and is not shown: not kept with the sources.
SCRATCH = ROOT / "target" / "bench" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
PAGE_TABLES = r"(<!-- make bench: {section} -->\n).*?(<!-- end of {section} -->)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each row")
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        help="measure this section, or the rows whose names begin so",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep the results of whole sections and show them in docs/benchmarks.md",
    )
    options = parser.parse_args()
    every = [Row(**row) for row in tomllib.loads((BENCH / "rows.toml").read_text())["row"]]
    rows = [row for row in every if options.only is None or chosen(row, options.only)]
    if not rows:
        parser.error(f"rows.toml has no row or section {', '.join(options.only)}")
    if reason := missing("kotlin"):
        print(f"without the rows of Kotlin: {reason}", file=sys.stderr)
        rows = [row for row in rows if not row.program.startswith("kotlin/")]
    sections = dict.fromkeys(row.section for row in rows)
    if options.keep and any(row.section in sections and row not in rows for row in every):
        parser.error("docs/benchmarks.md shows whole sections only")
    stamp = machine.stamp(ROOT)
    started = time.monotonic()
    for section in sections:
        of_section = [row for row in rows if row.section == section]
        measurements = [each for row in of_section for each in measured(row, options.rounds)]
        tables = markdown(of_section, measurements, stamp)
        print(f"{tables}\n", flush=True)
        folder = BENCH / "results" if options.keep else SCRATCH
        keep(folder / f"{section}.json", stamp, measurements)
        chart = PAGE.parent / f"bench-{section}.svg" if options.keep else folder / f"{section}.svg"
        chart.write_text(svg(section, of_section, measurements, stamp))
        if options.keep:
            show(section, tables, chart)
    print(f"all: {time.monotonic() - started:.0f} s", file=sys.stderr)


def chosen(row: Row, names: list[str]) -> bool:
    return any(row.section == name or row.id.startswith(name) for name in names)


def measured(row: Row, rounds: int) -> list[Measurement]:
    """Runs one program in a process of its own, on an empty directory on disk."""
    started = time.monotonic()
    with ExitStack() as stack:
        directory = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="slipstream-bench-", dir=ROOT / "target")
        )
        variables = environment()
        if row.section == "nats":
            variables |= stack.enter_context(server.filled(Path(directory)))
        finished = subprocess.run(
            command(row, str(rounds), directory),
            env=variables,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=PROGRAM_SECONDS,
        )
    print(f"{row.id}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return [Measurement(**json.loads(line)) for line in finished.stdout.splitlines()]


def command(row: Row, rounds: str, directory: str) -> list[str]:
    match row.program.partition("/"):
        case "python", _, _:
            return [sys.executable, str(BENCH / row.program), rounds, directory, row.id]
        case "node", _, _:
            return ["node", str(BENCH / row.program), rounds, directory, row.id]
        case "kotlin", _, program:
            return [*kotlin.program(f"bench.{Path(program).stem}Kt"), rounds, directory, row.id]
        case "nats", _, _:
            return [str(server.PROGRAM), row.id, rounds]
        case _:
            return [str(BUILT / row.program), directory, rounds, ENGINE_ROUND_SECONDS]


def environment() -> dict[str, str]:
    """Where the programs find the baselines that the Makefile has built."""
    return os.environ | {
        "PYTHONPATH": str(BUILT),
        "BASELINE_NODE": str(BUILT / "baseline_node.node"),
    }


def keep(path: Path, stamp: dict[str, str], measurements: list[Measurement]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [
        {name: value for name, value in vars(each).items() if value is not None}
        for each in measurements
    ]
    path.write_text(json.dumps({"machine": stamp, "measurements": values}, indent=1) + "\n")
    print(f"every measurement: {path.relative_to(ROOT)}", file=sys.stderr)


def show(section: str, tables: str, chart: Path) -> None:
    """Replaces the chart and the tables that docs/benchmarks.md shows of this section."""
    place = PAGE_TABLES.format(section=section)
    picture = f"![Times as fast as the peers: {section}]({chart.relative_to(PAGE.parent)})"
    text, count = re.subn(
        place,
        lambda found: f"{found[1]}\n{picture}\n\n{tables}\n\n{found[2]}",
        PAGE.read_text(),
        flags=re.DOTALL,
    )
    if count != 1:
        raise SystemExit(f"docs/benchmarks.md has no place for the tables of {section}: {place}")
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
