"""docs/contract.md and the tests name the same rules, and each rule links to its scenarios."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from fences import PAGES, ROOT

PAGE = ROOT / "docs" / "contract.md"
SCENARIOS = ROOT / "tests" / "conformance"
TESTS = [
    ROOT / "tests",
    ROOT / "core" / "tests",
    ROOT / "python" / "tests",
    ROOT / "node" / "test",
    ROOT / "bindings" / "uniffi" / "kotlin" / "src" / "test",
    ROOT / "bindings" / "uniffi" / "ruby" / "test",
]
SOURCES = {".py", ".rs", ".mjs", ".ts", ".rb", ".kt", ".swift", ".yaml"}
SECTION = re.compile(r"^### (\S+)\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
RULE = re.compile(r"\b[KVRWSLAHPU]\d+b?\b")


def contract() -> dict[str, str]:
    """The text of each rule that holds today."""
    return dict(SECTION.findall(PAGE.read_text()))


@cache
def scenarios() -> dict[str, set[str]]:
    """The files with the scenarios of each rule."""
    found: dict[str, set[str]] = {}
    for path in SCENARIOS.glob("*.yaml"):
        for scenario in yaml.safe_load(path.read_text()):
            found.setdefault(scenario["rule"], set()).add(path.name)
    return found


def sources() -> Iterator[Path]:
    for folder in TESTS:
        for path in folder.rglob("*"):
            if path.suffix in SOURCES and "node_modules" not in path.parts:
                yield path


def test_the_tests_and_the_contract_name_the_same_rules() -> None:
    named = {rule for path in sources() for rule in RULE.findall(path.read_text())}
    assert named | set(scenarios()) == set(contract())


@pytest.mark.parametrize("page", [page for page in PAGES if page != PAGE], ids=lambda it: it.name)
def test_a_page_names_only_rules_of_the_contract(page: Path) -> None:
    # A page may also say what is to come: the contract lists the rules that are not built yet.
    assert set(RULE.findall(page.read_text())) <= set(RULE.findall(PAGE.read_text()))


@pytest.mark.parametrize("rule", contract())
def test_a_rule_links_to_each_file_of_its_scenarios(rule: str) -> None:
    text = contract()[rule]
    assert "](../" in text, "it links to no test"
    for name in scenarios().get(rule, set()):
        assert f"](../tests/conformance/{name})" in text, f"no link to {name}"
