"""Has the structures of the generated Kotlin take their memory from `slipstream.StructureMemory`.

The generator has no option for it. What it generates is pinned with it, so that the two places are
where they are expected, or this fails.
"""

import sys
from pathlib import Path

STRUCTURES = (
    "open class RustBuffer : Structure() {",
    "internal open class UniffiRustCallStatus : Structure() {",
)
MEMBER = "    override fun autoAllocate(size: Int) = slipstream.StructureMemory.slice(size)\n"


def main() -> None:
    path = Path(sys.argv[1])
    text = path.read_text()
    for structure in STRUCTURES:
        head, found, tail = text.partition(f"\n{structure}\n")
        if not found:
            sys.exit(f"{path} has no {structure}")
        text = head + found + MEMBER + tail
    path.write_text(text)


main()
