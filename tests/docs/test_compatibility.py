"""docs/compatibility.md names the oldest versions that the packages declare (U3)."""

import re
import subprocess
import tomllib

from fences import ROOT

PAGE = ROOT / "docs" / "compatibility.md"
ROW = re.compile(r"^\| `?([\w-]+)`? \| ([\d.]+)[^|]* \| ", re.MULTILINE)
DECLARED = {
    "Rust": ("Cargo.toml", r'rust-version = "([\d.]+)"'),
    "Python": ("python/pyproject.toml", r'requires-python = ">=([\d.]+)"'),
    "Node": ("node/package.json", r'"node": ">=([\d.]+)"'),
    "JVM": ("bindings/uniffi/kotlin/pom.xml", r"<jvmTarget>([\d.]+)</jvmTarget>"),
    "Ruby": (
        "bindings/uniffi/ruby/slipstream-kv.gemspec",
        r'required_ruby_version = ">= ([\d.]+)"',
    ),
    "Swift": ("bindings/uniffi/swift/Package.swift", r"swift-tools-version:([\d.]+)"),
    "nats-server": ("docs/nats.md", r"`nats-server` of version ([\d.]+) or newer"),
}


def test_u3_the_page_names_what_the_packages_declare() -> None:
    stated = dict(ROW.findall(PAGE.read_text()))
    declared = {}
    for name, (path, pattern) in DECLARED.items():
        found = re.search(pattern, (ROOT / path).read_text())
        assert found, f"{path} declares no oldest version of {name}"
        declared[name] = found[1]
    assert stated == declared


def test_u3_every_crate_declares_the_oldest_rust() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "core/Cargo.toml", "bindings/*/Cargo.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for path in listed.stdout.split():
        package = tomllib.loads((ROOT / path).read_text())["package"]
        assert package["rust-version"] == {"workspace": True}, path
