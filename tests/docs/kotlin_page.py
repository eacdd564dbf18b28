"""Writes the examples of a page as one Kotlin program, to be compiled with the tests.

`python tests/docs/kotlin_page.py docs/kotlin.md target/uniffi/pages/Page.kt`
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fences import fences

PROGRAM = """\
{imports}

fun main(): Unit = runBlocking {{
{statements}
}}
"""


def main() -> None:
    page, program = map(Path, sys.argv[1:])
    lines = [line for _, example in fences(page, "kotlin") for line in example.splitlines()]
    imports = sorted({line for line in lines if line.startswith("import ")})
    # Each example stands in a block, so that one may use the names of another.
    blocks = []
    for _, example in fences(page, "kotlin"):
        body = [line for line in example.splitlines() if not line.startswith("import ")]
        blocks.append("run {\n" + "\n".join(body) + "\n}")
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(PROGRAM.format(imports="\n".join(imports), statements="\n".join(blocks)))


main()
