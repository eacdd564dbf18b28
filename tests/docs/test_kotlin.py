"""The examples of docs/kotlin.md run, as `make` has compiled them."""

import subprocess
from pathlib import Path

import pytest
from kit import kotlin
from kit.toolchain import missing

PAGE_SECONDS = 60


@pytest.mark.skipif(missing("kotlin") is not None, reason=str(missing("kotlin")))
def test_kotlin_examples_run(tmp_path: Path) -> None:
    command = kotlin.program("PageKt")
    finished = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=PAGE_SECONDS, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "node.a is 10.0.0.2" in finished.stdout
