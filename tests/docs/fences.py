"""The examples in our pages."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "node" / "README.md",
    ROOT / "python" / "README.md",
    ROOT / "bindings" / "uniffi" / "ruby" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]

# Where the examples of our pages keep their stores: in a file, or on the server of this machine.
FILE = "file:./state.db"
SERVER = "nats://127.0.0.1:4222"

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def fences(
    page: Path, language: str, file: str = FILE, server: str = SERVER
) -> list[tuple[int, str]]:
    """Every example of a page in one language, with the line it starts at.

    They are given the urls ``file`` and ``server`` in place of those that the page names.
    """
    text = page.read_text().replace(FILE, file).replace(SERVER, server)
    return [
        (text.count("\n", 0, found.start(2)) + 1, found[2])
        for found in FENCE.finditer(text)
        if found[1] == language
    ]
