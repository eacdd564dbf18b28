"""Bun and Deno run the tests of the npm package, from the binaries that npm ships."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import pytest
from runtime import ROOT, RUNTIMES, Runtime, install

SECONDS = 600
NODE = ROOT / "node"
SUITES = {
    "conformance": (ROOT, [Path("tests/conformance/node.test.mjs")]),
    # What npm packs and what the compiler says is no matter of a runtime.
    "package": (
        NODE,
        [
            Path("test") / f"{name}.test.mjs"
            for name in (
                "abort",
                "api",
                "arguments",
                "errors",
                "leaks",
                "process",
                "turns",
                "watch",
                "worker",
            )
        ],
    ),
}
BACKENDS = "memory,nats"
"""A file is the same native code as memory, and takes the longest."""

Runs = dict[tuple[str, str], Future[subprocess.CompletedProcess[str]]]


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="session")
def installed() -> None:
    if why := install():
        pytest.skip(f"bun and deno cannot be installed: {why}")


@pytest.fixture(scope="session")
def runs(installed: None, reports: Path) -> Iterator[Runs]:
    """Every runtime with every suite: they wait more than they work, so one runs beside another."""
    with ThreadPoolExecutor(len(RUNTIMES)) as pool:
        yield {
            (runtime.name, suite): pool.submit(run, runtime, suite, reports)
            for suite in SUITES
            for runtime in RUNTIMES
        }


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
def test_a_runtime_runs_the_tests_of_node(
    runtime: Runtime, suite: str, runs: Runs, reports: Path
) -> None:
    ran = runs[runtime.name, suite].result(2 * SECONDS)
    report = report_of(runtime, suite, reports)
    assert report.exists(), ran.stdout + ran.stderr
    root = ElementTree.parse(report)
    told = {Path(file.attrib["name"]) for file in root.iter("testsuite") if len(file)}
    assert told == set(SUITES[suite][1])
    cases = list(root.iter("testcase"))
    failed = {
        case.attrib["name"]
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }
    expected = runtime.differs & {case.attrib["name"] for case in cases}
    assert failed == expected, ran.stdout + ran.stderr
    assert (ran.returncode != 0) == bool(failed), ran.stdout + ran.stderr


PROGRAM = """
import { connect } from "slipstream-kv";
const conn = await connect(process.argv[2]);
const store = await conn.store("s");
await store.put("k", "v");
console.log((await store.get("k")).value.toString());
await conn.close();
"""


@pytest.mark.parametrize("missing", ["", "--allow-ffi", "--allow-read"])
def test_deno_asks_for_two_permissions(installed: None, missing: str, tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "slipstream-kv").symlink_to(NODE)
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "program.mjs").write_text(PROGRAM)
    deno = next(runtime.program for runtime in RUNTIMES if runtime.name == "deno")
    allowed = [option for option in ("--allow-ffi", "--allow-read") if option != missing]
    ended = subprocess.run(
        [deno, "run", "--no-prompt", *allowed, "program.mjs", f"file:{tmp_path / 'state.db'}"],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if missing:
        assert f"the {missing} flag" in ended.stderr
    else:
        assert (ended.returncode, ended.stdout) == (0, "v\n"), ended.stderr


def test_every_difference_is_the_name_of_a_test() -> None:
    texts = "".join(path.read_text() for path in (NODE / "test").glob("*.test.mjs"))
    for runtime in RUNTIMES:
        assert all(f'"{name}"' in texts for name in runtime.differs)


def run(runtime: Runtime, suite: str, reports: Path) -> subprocess.CompletedProcess[str]:
    folder, files = SUITES[suite]
    return subprocess.run(
        runtime.run(files, report_of(runtime, suite, reports)),
        cwd=folder,
        env={**os.environ, "SLIPSTREAM_BACKENDS": BACKENDS, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def report_of(runtime: Runtime, suite: str, reports: Path) -> Path:
    return reports / f"{runtime.name}-{suite}.xml"
