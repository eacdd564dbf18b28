"""A file that two copies of the package in one process open: one of them is refused (rule L7)."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from slipstream import sync as slipstream

NODE = Path(__file__).parents[2] / "node"

TWO_COPIES_PYTHON = """
    import importlib, shutil, sys
    from pathlib import Path

    url, folder = sys.argv[1:]
    import slipstream.sync as first
    import slipstream
    package = Path(slipstream.__file__).parent
    shutil.copytree(package, Path(folder) / "slipstream")
    for name in [name for name in sys.modules if name.partition(".")[0] == "slipstream"]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    second = importlib.import_module("slipstream.sync")
    other = importlib.import_module("slipstream")
    assert other._native.__file__ != slipstream._native.__file__, other._native.__file__

    def refused(copy):
        try:
            copy.connect(url)
        except Exception as error:
            # Each copy has classes of its own, by the same name.
            assert type(error).__name__ == "ConnectionFailed", error
            assert "through another copy of slipstream" in str(error), error
        else:
            raise AssertionError("the other copy opened the file as well")

    def keys(copy):
        with copy.connect(url) as connection:
            return connection.store("s").keys()

    with first.connect(url) as connection:
        store = connection.store("s")
        store.put("first", b"1")
        refused(second)
        store.put("first.2", b"1")
    with second.connect(url) as connection:
        connection.store("s").put("second", b"1")
        refused(first)
    assert keys(first) == keys(second) == ["first", "first.2", "second"]
"""

TWO_COPIES_NODE = """
    import assert from "node:assert/strict";
    const [url, one, two] = process.argv.slice(-3);
    const first = await import(one);
    const second = await import(two);
    assert.notEqual(first.connect, second.connect);
    const connection = await first.connect(url);
    const store = await connection.store("s");
    await store.put("first", "1");
    await assert.rejects(second.connect(url), (error) => {
      assert.equal(error.code, "ConnectionFailed");
      assert.match(error.message, /through another copy of slipstream/);
      return true;
    });
    await store.put("first.2", "1");
    await connection.close();
    const other = await second.connect(url);
    await (await other.store("s")).put("second", "1");
    await assert.rejects(first.connect(url), { code: "ConnectionFailed" });
    await other.close();
    for (const copy of [first, second]) {
      const again = await copy.connect(url);
      assert.deepEqual(await (await again.store("s")).keys(), ["first", "first.2", "second"]);
      await again.close();
    }
"""


def test_l7_two_copies_of_the_package_in_one_process(
    language: str, url: str, tmp_path: Path
) -> None:
    if language == "python":
        source = textwrap.dedent(TWO_COPIES_PYTHON)
        command = [sys.executable, "-c", source, url, str(tmp_path / "copy")]
    else:
        copies = []
        for name in ("one", "two"):
            package = tmp_path / name / "node_modules" / "slipstream-kv"
            shutil.copytree(NODE, package, ignore=shutil.ignore_patterns("node_modules", "test"))
            copies.append(str(package / "dist" / "esm" / "index.js"))
        source = textwrap.dedent(TWO_COPIES_NODE)
        command = ["node", "--input-type=module", "-e", source, "--", url, *copies]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    with slipstream.connect(url) as connection:
        assert connection.store("s").keys() == ["first", "first.2", "second"]
