"""Bundles with the npm package inside build and run, and so do those that leave it out (D1)."""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
HOME = ROOT / "target" / "bundlers"
MANIFEST = HERE / "package.json"
PAGE = ROOT / "docs" / "node.md"
SECONDS = 180

PLUGIN = re.compile(r"```js\n(.*?export const addons.*?)```", re.DOTALL)

BUNDLES = [
    (bundler, format)
    for bundler in ("esbuild", "webpack", "rollup", "vite")
    for format in ("esm", "cjs")
]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.fixture(scope="session")
def bundlers() -> Path:
    """The bundlers, from their npm packages."""
    done = HOME / "done"
    if not done.exists() or done.read_text() != MANIFEST.read_text():
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        shutil.copy(MANIFEST, HOME)
        options = ("--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
        ended = run("npm", "install", *options, cwd=HOME)
        if ended.returncode != 0:
            pytest.skip(f"the bundlers cannot be installed: {ended.stderr}")
        shutil.copy(MANIFEST, done)
    return HOME


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What npm packs of the package."""
    home = tmp_path_factory.mktemp("packed")
    options = ("--ignore-scripts", "--pack-destination", home)
    ended = run("npm", "pack", *options, cwd=ROOT / "node")
    assert ended.returncode == 0, ended.stderr
    [archive] = home.glob("*.tgz")
    with tarfile.open(archive) as opened:
        opened.extractall(home, filter="data")
    return home / "package"


@pytest.fixture
def project(packed: Path, tmp_path: Path) -> Path:
    """A folder with the program, the package and the plugin that the page shows."""
    project = tmp_path / "project"
    project.mkdir()
    shutil.copytree(packed, project / "node_modules" / "slipstream-kv")
    shutil.copy(HERE / "program.mjs", project)
    (project / "package.json").write_text('{ "private": true }')
    plugin = PLUGIN.search(PAGE.read_text())
    assert plugin is not None, "docs/node.md shows no plugin"
    (project / "addons.mjs").write_text(plugin[1])
    return project


@pytest.mark.parametrize("external", [False, True], ids=["bundled", "external"])
@pytest.mark.parametrize(("bundler", "format"), BUNDLES)
def test_d1_a_bundle_runs(
    bundler: str, format: str, external: bool, bundlers: Path, project: Path, tmp_path: Path
) -> None:
    options = ["external"] if external else []
    built = run("node", HERE / "build.mjs", project, bundler, format, *options, cwd=bundlers)
    assert (built.returncode, built.stderr) == (0, ""), built.stdout + built.stderr
    out = project / "out"
    assert bool(list(out.rglob("*.node"))) != external
    # Elsewhere, where what was bundled is all there is.
    moved = (project if external else tmp_path) / "moved"
    out.rename(moved)
    if not external:
        shutil.rmtree(project)
    program = moved / ("program.mjs" if format == "esm" else "program.cjs")
    urls = ("memory:", f"file:{tmp_path / 'state.db'}")
    ran = run("node", program, *urls, cwd=tmp_path)
    expected = "memory put k new\nfile put k new\ntrue\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, expected, "")
