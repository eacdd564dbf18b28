"""What the layer of Kotlin or Swift declares, read from its sources.

Prints one line of JSON: each name with the names of its parameters. Usage: declared.py LANGUAGE
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kit.declarations import declared

UNIFFI = Path(__file__).resolve().parents[3] / "bindings" / "uniffi"
SOURCES = {
    "kotlin": UNIFFI / "kotlin" / "src" / "main" / "kotlin",
    "swift": UNIFFI / "swift" / "Sources" / "Slipstream",
}
SUFFIX = {"kotlin": "kt", "swift": "swift"}
OF_EVERY_OBJECT = {"equals", "hashCode", "toString", "description"}


def main(language: str) -> None:
    files = sorted(SOURCES[language].rglob(f"*.{SUFFIX[language]}"))
    found = declared(files, said_public=language == "swift")
    listed = dict(found.calls)
    for name, type_ in found.types.items():
        listed[name] = []
        # Kinds of errors have the members of their base, and are listed without.
        bases = [found.types[base] for base in type_.bases if base in found.types]
        if found.types.get("KvError") in bases:
            continue
        for declaring in (type_, *bases):
            for member in declaring.members.keys() - OF_EVERY_OBJECT:
                listed[f"{name}.{member}"] = declaring.members[member]
    print(json.dumps(listed))


main(sys.argv[1])
