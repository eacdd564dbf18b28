"""Measures ours, the peers and the floors side by side: `make bench`.

Prints the table as Markdown and writes every measurement to bench/results/. A target that is
missed is said so in the table; it does not fail the run, since a bench is not a test.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import machine
from report import Measurement, Row, markdown

HERE = Path(__file__).parent
ROOT = HERE.parent
BUILT = ROOT / "target" / "bench" / "release"
PROGRAM_SECONDS = 600
ENGINE_ROUND_SECONDS = "1.0"
README_MARK = "<!-- From here on: make bench BENCH_OPTIONS=--readme -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each row")
    parser.add_argument("--only", metavar="ROW", action="append", help="measure this row alone")
    parser.add_argument("--readme", action="store_true", help="write the tables into README.md too")
    options = parser.parse_args()
    rows = [
        Row(**row)
        for row in tomllib.loads((HERE / "rows.toml").read_text())["row"]
        if options.only is None or row["id"] in options.only
    ]
    stamp = machine.stamp(ROOT)
    measurements = []
    for row in rows:
        print(f"measuring {row.id} ...", file=sys.stderr, flush=True)
        measurements += measured(row, options.rounds)
    tables = markdown(rows, measurements, stamp)
    print(tables)
    keep(stamp, measurements)
    if options.readme:
        show(tables)


def measured(row: Row, rounds: int) -> list[Measurement]:
    """Runs one program in a process of its own, on an empty directory on disk."""
    with tempfile.TemporaryDirectory(prefix="slipstream-bench-", dir=ROOT / "target") as directory:
        finished = subprocess.run(
            command(row.program, str(rounds), directory),
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=PROGRAM_SECONDS,
        )
    return [Measurement(**json.loads(line)) for line in finished.stdout.splitlines()]


def command(program: str, rounds: str, directory: str) -> list[str]:
    match program.partition("/"):
        case "python", _, _:
            return [sys.executable, str(HERE / program), rounds, directory]
        case "node", _, _:
            return ["node", str(HERE / program), rounds, directory]
        case _:
            return [str(BUILT / program), directory, rounds, ENGINE_ROUND_SECONDS]


def environment() -> dict[str, str]:
    """Where the programs find the baselines that the Makefile has built."""
    return os.environ | {
        "PYTHONPATH": str(BUILT),
        "BASELINE_NODE": str(BUILT / "baseline_node.node"),
    }


def keep(stamp: dict[str, str], measurements: list[Measurement]) -> None:
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = HERE / "results" / f"{time}.json"
    path.parent.mkdir(exist_ok=True)
    text = {"machine": stamp, "measurements": [vars(each) for each in measurements]}
    path.write_text(json.dumps(text, indent=1) + "\n")
    print(f"\nEvery measurement: {path.relative_to(ROOT)}", file=sys.stderr)


def show(tables: str) -> None:
    """Puts the tables in the place of those that README.md has, at its end."""
    path = ROOT / "README.md"
    text, mark, _ = path.read_text().partition(README_MARK)
    if not mark:
        raise SystemExit(f"README.md has no line {README_MARK}")
    path.write_text(f"{text}{mark}\n\n{tables}\n")


if __name__ == "__main__":
    main()
