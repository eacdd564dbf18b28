"""Every example in our pages runs, and every link in them leads somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from fences import FILE, PAGES, ROOT, fences
from kit.nats_server import NatsServer
from kit.toolchain import missing

PAGE_SECONDS = 60
TSC = ROOT / "node" / "node_modules" / ".bin" / "tsc"
TSC_OPTIONS = (
    "--strict --target es2022 --lib es2022,esnext.disposable --module nodenext --types node"
)
# A path in the text of a page that says where things are.
NAMED = re.compile(r"`([\w.-]+/[\w./-]*)`")
ROADMAPS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if fences(page, language)]


def run(command: list[str], directory: Path) -> None:
    finished = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=PAGE_SECONDS
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("on_server", [False, True], ids=["as written", "all on a server"])
@pytest.mark.parametrize("page", pages_with("python"), ids=name)
def test_python_examples_run(page: Path, on_server: bool, tmp_path: Path) -> None:
    program = ROOT / "tests/docs/python_page.py"
    with NatsServer(tmp_path / "server") as server:
        urls = [server.url if on_server else FILE, server.url]
        run([sys.executable, str(program), str(page), *urls], tmp_path)


@pytest.mark.parametrize("on_server", [False, True], ids=["as written", "all on a server"])
@pytest.mark.parametrize("page", pages_with("ts"), ids=name)
def test_typescript_examples_check_and_run(page: Path, on_server: bool, tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    modules.mkdir()
    (modules / "slipstream-kv").symlink_to(ROOT / "node")
    (modules / "@types").symlink_to(ROOT / "node" / "node_modules" / "@types")
    with NatsServer(tmp_path / "server") as server:
        examples = fences(page, "ts", server.url if on_server else FILE, server.url)
        (tmp_path / "page.mts").write_text("\n".join(example for _, example in examples))
        run([str(TSC), *TSC_OPTIONS.split(), "page.mts"], tmp_path)
        run(["node", "page.mjs"], tmp_path)


@pytest.mark.parametrize("on_server", [False, True], ids=["as written", "all on a server"])
@pytest.mark.parametrize("page", pages_with("ruby"), ids=name)
def test_ruby_examples_run(page: Path, on_server: bool, tmp_path: Path) -> None:
    if reason := missing("ruby"):
        pytest.skip(reason)
    with NatsServer(tmp_path / "server") as server:
        examples = fences(page, "ruby", server.url if on_server else FILE, server.url)
        (tmp_path / "page.rb").write_text("\n".join(example for _, example in examples))
        run(["ruby", "-I", str(ROOT / "bindings" / "uniffi" / "ruby" / "lib"), "page.rb"], tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link} leads to no file"
        if anchor:
            assert anchor in anchors(target), f"{link} leads to no heading"


@pytest.mark.parametrize("page", ROADMAPS, ids=name)
def test_paths_lead_somewhere(page: Path) -> None:
    for path in NAMED.findall(page.read_text()):
        assert (ROOT / path).exists(), f"{path} leads to no file"


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have."""
    headings = HEADING.findall(page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
