"""Runs every suite of every language and adds up what they counted: `make test`.

A suite fails when it says so, when it counts no test at all, or when it takes too long. The others
still run. Names on the command line choose suites: `python tests/run.py rust node`.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kit import kotlin
from kit.toolchain import missing

ROOT = Path(__file__).resolve().parent.parent
# The longest took 1044 s, compiling included, with two suites and four busy processes beside it.
SUITE_SECONDS = 1800
# Most suites wait more than they work, so that a few may run beside each other.
AT_ONCE = 3


@dataclass(frozen=True)
class Suite:
    """A command, and where it is run."""

    name: str
    command: tuple[str, ...]
    directory: str = "."
    language: str = ""
    """What must be there for it to run; without it the suite is left out, and says so."""


@dataclass
class Count:
    """What a suite counted, and whether it ended as it should."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    ended: str = "ok"

    def read(self, line: str) -> None:
        """Adds what a line of a suite's output counts, in the words of each test runner."""
        for word, number in counts(line):
            if word in ("passed", "pass", "xpassed"):
                self.passed += number
            elif word in ("failed", "fail", "error", "errors", "cancelled"):
                self.failed += number
            else:
                self.skipped += number

    @property
    def good(self) -> bool:
        return self.ended == "ok" and self.failed == 0 and self.passed > 0


def pytest(folder: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pytest", "--quiet", "-rs", "--color=no", folder)


# Those that take longest begin first.
SUITES = (
    Suite("rust", ("cargo", "test", "--workspace", "--no-fail-fast", "--quiet")),
    Suite("conformance python", pytest("tests/conformance")),
    Suite("conformance ruby", ("ruby", "tests/conformance/ruby.rb"), language="ruby"),
    Suite("faults", pytest("tests/faults")),
    Suite("runtimes", pytest("tests/runtimes")),
    Suite("conformance kotlin", kotlin.junit("conformance"), language="kotlin"),
    Suite("python", pytest("tests"), "python"),
    Suite("conformance node", ("node", "--test", "tests/conformance/")),
    Suite("cross_language", pytest("tests/cross_language")),
    Suite("node", ("npm", "test", "--silent"), "node"),
    Suite("docs", pytest("tests/docs")),
    Suite("interop", pytest("tests/interop")),
    Suite("soak", pytest("tests/soak")),
    Suite("connecting", pytest("tests/connecting")),
    Suite("kotlin", kotlin.junit("slipstream"), language="kotlin"),
    Suite("bundlers", pytest("tests/bundlers")),
    Suite("cluster", pytest("tests/cluster")),
    Suite("ruby", ("ruby", "test/run.rb"), "bindings/uniffi/ruby", "ruby"),
    Suite("swift", pytest("tests/swift")),
    Suite("types", pytest("tests/types")),
    Suite("parity", pytest("tests/parity")),
)

CARGO = re.compile(r"^test result: .*")
PYTEST = re.compile(r"^=*\s*\d+ (passed|failed|errors?|skipped)\b.* in [\d.]+s.*")
NODE = re.compile(r"^\S (pass|fail|cancelled|skipped|todo) (\d+)$")
MINITEST = re.compile(r"^(\d+) runs, \d+ assertions, (\d+) failures, (\d+) errors, (\d+) skips$")
JUNIT = re.compile(r"^\[\s*(\d+) tests (successful|failed|skipped|aborted)\s*\]$")
COUNTED = re.compile(r"(\d+) (passed|failed|ignored|errors?|skipped|xfailed|xpassed)\b")


def counts(line: str) -> list[tuple[str, int]]:
    if node := NODE.match(line):
        return [(node[1], int(node[2]))]
    if junit := JUNIT.match(line):
        return [("passed" if junit[2] == "successful" else junit[2], int(junit[1]))]
    if minitest := MINITEST.match(line):
        runs, *others = (int(number) for number in minitest.groups())
        names = ("failed", "errors", "skipped")
        return [("passed", runs - sum(others)), *zip(names, others, strict=True)]
    if CARGO.match(line) or PYTEST.match(line):
        return [(word, int(number)) for number, word in COUNTED.findall(line)]
    return []


def run(suite: Suite) -> Count:
    """Runs one suite, and shows what it said when it has ended."""
    print(f"=== {suite.name} begins", flush=True)
    said = [f"\n=== {suite.name}: {' '.join(suite.command)}\n"]
    count = Count()
    started = time.monotonic()
    process = subprocess.Popen(
        suite.command,
        cwd=ROOT / suite.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # A group of its own, so that what a suite started can be ended with it.
        start_new_session=True,
    )
    overdue = threading.Timer(SUITE_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    overdue.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            count.read(line.rstrip())
        status = process.wait()
    finally:
        overdue.cancel()
    count.seconds = time.monotonic() - started
    if count.seconds >= SUITE_SECONDS:
        count.ended = f"took longer than {SUITE_SECONDS} s"
    elif status != 0:
        count.ended = f"exit status {status}"
    elif count.passed == 0:
        count.ended = "counted no test"
    print("".join(said), end="", flush=True)
    return count


def run_all(suites: list[Suite]) -> dict[str, Count]:
    """Runs suites in their order, a few at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        names = (suite.name for suite in suites)
        return dict(zip(names, pool.map(run, suites), strict=True))


def main() -> int:
    # A shell that runs this in the background has it ignore SIGINT, which the programs that the
    # tests interrupt would inherit. What is handled here has its default again there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    known = {suite.name for suite in SUITES}
    if unknown := set(sys.argv[1:]) - known:
        print(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        return 2
    chosen = [suite for suite in SUITES if not sys.argv[1:] or suite.name in sys.argv[1:]]
    absent = {suite.name: missing(suite.language) for suite in chosen}
    results = run_all([suite for suite in chosen if not absent[suite.name]])
    print("\n=== all suites")
    for name, reason in absent.items():
        if reason:
            print(f"{name:20} left out: {reason}")
    for name, count in results.items():
        print(
            f"{name:20} {count.passed:5} passed {count.failed:4} failed {count.skipped:4} skipped"
            f" {count.seconds:6.1f} s  {count.ended}"
        )
    passed = sum(count.passed for count in results.values())
    failed = sum(count.failed for count in results.values())
    # What ended badly without counting a failure must not read as a success.
    failed += sum(not count.good and count.failed == 0 for count in results.values())
    print(f"{passed} passed, {failed} failed")
    return 0 if all(count.good for count in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
