"""The runtimes other than Node that take the npm package, and how each runs tests of Node."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = ROOT / "target" / "runtimes"
MANIFEST = Path(__file__).parent / "package.json"
INSTALL_SECONDS = 180
TEST_MILLISECONDS = 120_000


@dataclass(frozen=True)
class Runtime:
    """One runtime. ``{report}`` in its command is where it writes a JUnit report."""

    name: str
    command: tuple[str, ...]
    differs: frozenset[str] = frozenset()
    """The tests that fail on it, for a reason that docs/node.md tells."""

    @property
    def program(self) -> Path:
        return HOME / "node_modules" / ".bin" / self.name

    def run(self, tests: list[Path], report: Path) -> list[str]:
        """The command that runs these tests."""
        options = [option.format(report=report) for option in self.command]
        return [str(self.program), *options, *map(str, tests)]


RUNTIMES = (
    Runtime(
        "bun",
        (
            "test",
            f"--timeout={TEST_MILLISECONDS}",
            "--reporter=junit",
            "--reporter-outfile={report}",
        ),
        differs=frozenset({"e an error's stack leads to the call, also if its answer came later"}),
    ),
    Runtime("deno", ("test", "--allow-all", "--no-check", "--junit-path={report}")),
)


def install() -> str:
    """Gets the runtimes from their npm packages; why that cannot be, or nothing."""
    done = HOME / "done"
    if done.exists() and done.read_text() == MANIFEST.read_text():
        return ""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    shutil.copy(MANIFEST, HOME)
    npm = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        ended = subprocess.run(
            npm, cwd=HOME, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"npm took longer than {INSTALL_SECONDS} s"
    if ended.returncode != 0:
        return ended.stderr
    shutil.copy(MANIFEST, done)
    return ""
