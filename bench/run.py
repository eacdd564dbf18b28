"""Measures ours, the peers and the floors side by side: `make bench`.

Prints the table as Markdown and writes every measurement to bench/results/. A target that is
missed is said so in the table; it does not fail the run, since a bench is not a test.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import machine
import server
from places import BENCH, BUILT, ROOT
from report import Measurement, Row, markdown

PROGRAM_SECONDS = 600
ENGINE_ROUND_SECONDS = "1.0"
README_TABLES = r"(<!-- make bench: {section} -->\n).*?(<!-- end of {section} -->)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each row")
    parser.add_argument(
        "--only", metavar="NAME", action="append", help="measure this row or section alone"
    )
    parser.add_argument(
        "--readme", action="store_true", help="show the tables of what was measured in README.md"
    )
    options = parser.parse_args()
    rows = [
        Row(**row)
        for row in tomllib.loads((BENCH / "rows.toml").read_text())["row"]
        if options.only is None or {row["id"], row["section"]} & set(options.only)
    ]
    if not rows:
        parser.error(f"rows.toml has no row or section of the name {', '.join(options.only)}")
    stamp = machine.stamp(ROOT)
    measurements = []
    for row in rows:
        print(f"measuring {row.id} ...", file=sys.stderr, flush=True)
        measurements += measured(row, options.rounds)
    for section in dict.fromkeys(row.section for row in rows):
        tables = markdown([row for row in rows if row.section == section], measurements, stamp)
        print(f"{tables}\n")
        if options.readme:
            show(section, tables)
    keep(stamp, measurements)


def measured(row: Row, rounds: int) -> list[Measurement]:
    """Runs one program in a process of its own, on an empty directory on disk."""
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
    return [Measurement(**json.loads(line)) for line in finished.stdout.splitlines()]


def command(row: Row, rounds: str, directory: str) -> list[str]:
    match row.program.partition("/"):
        case "python", _, _:
            return [sys.executable, str(BENCH / row.program), rounds, directory, row.id]
        case "node", _, _:
            return ["node", str(BENCH / row.program), rounds, directory, row.id]
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


def keep(stamp: dict[str, str], measurements: list[Measurement]) -> None:
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = BENCH / "results" / f"{time}.json"
    path.parent.mkdir(exist_ok=True)
    text = {"machine": stamp, "measurements": [vars(each) for each in measurements]}
    path.write_text(json.dumps(text, indent=1) + "\n")
    print(f"\nEvery measurement: {path.relative_to(ROOT)}", file=sys.stderr)


def show(section: str, tables: str) -> None:
    """Puts the tables in the place of those that README.md has of this section."""
    path = ROOT / "README.md"
    place = README_TABLES.format(section=section)
    text, count = re.subn(
        place,
        lambda found: f"{found[1]}\n{tables}\n\n{found[2]}",
        path.read_text(),
        flags=re.DOTALL,
    )
    if count != 1:
        raise SystemExit(f"README.md has no place for the tables of {section}: {place}")
    path.write_text(text)


if __name__ == "__main__":
    main()
