"""The Swift package: what it calls was generated, and it compiles where there is Swift."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from kit.declarations import declared
from kit.toolchain import missing

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bindings" / "uniffi" / "swift"
LAYER = sorted((PACKAGE / "Sources" / "Slipstream").glob("*.swift"))
GENERATED = PACKAGE / "Sources" / "SlipstreamUniffi" / "slipstream_uniffi.swift"
LIBRARY = ROOT / "target" / "release"
SWIFT_SECONDS = 600

# A call of a handle or a function of the generated module, with its arguments on one level.
CALL = re.compile(r"\b(native|SlipstreamUniffi)\.(\w+)\(((?:[^()]|\([^()]*\))*)\)")
LABEL = re.compile(r"(?:^|,)\s*(\w+):")
HANDLE = re.compile(r"private let native: (?:SlipstreamUniffi\.)?(\w+)")
RECORDS = {
    "Entry.swift": "Entry",
    "Update.swift": "Update",
    "ConnectionCapabilities.swift": "ConnectionCapabilities",
    "KvError.swift": "Failure",
}
FIELD = re.compile(r"\b(?:told|found|failure)\.(\w+)")
OPTIONS = re.compile(r"\b(ConnectOptions|StoreOptions)\(((?:[^()]|\([^()]*\))*)\)")


@pytest.mark.parametrize("file", LAYER, ids=lambda file: file.name)
def test_what_the_package_uses_was_generated(file: Path) -> None:
    generated = declared([GENERATED], said_public=True)
    source = file.read_text()
    code = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("///"))
    handle = HANDLE.search(code)
    calls = CALL.findall(code)
    assert calls or not handle
    for receiver, name, arguments in calls:
        if receiver == "native" and handle:
            known = generated.types[handle[1]].members
        else:
            known = generated.calls
        if receiver == "native" or name[0].islower():
            assert known[name] == LABEL.findall(arguments), name
    for name, arguments in OPTIONS.findall(code):
        assert list(generated.types[name].members) == LABEL.findall(arguments), name
    if file.name in RECORDS:
        fields = set(FIELD.findall(code))
        assert fields
        assert fields <= generated.types[RECORDS[file.name]].members.keys()


def test_every_kind_of_error_is_translated() -> None:
    _, _, kinds = GENERATED.read_text().partition("enum KvError")
    generated = re.findall(r"^    case (\w+)\($", kinds.partition("\n}")[0], re.MULTILINE)
    calling = (PACKAGE / "Sources" / "Slipstream" / "Calling.swift").read_text()
    translated = re.findall(r"case let \.(\w+)\(failure\): return (\w+)\(failure\)", calling)
    assert len(generated) > 1
    assert translated == [(kind, kind) for kind in generated]


def test_the_package_compiles_and_its_tests_pass() -> None:
    if reason := missing("swift"):
        pytest.skip(f"the Swift package is not compiled: {reason}")
    ran = subprocess.run(
        ["swift", "test", "-Xlinker", f"-L{LIBRARY}"],
        cwd=PACKAGE,
        env={**os.environ, "LD_LIBRARY_PATH": str(LIBRARY), "DYLD_LIBRARY_PATH": str(LIBRARY)},
        capture_output=True,
        text=True,
        timeout=SWIFT_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
