"""Compiles C for a platform, by zig, as cargo's build scripts ask a compiler to."""

import os
import sys

FOREIGN = ("--target=", "-mmacosx-version-min=", "-mmacos-version-min=")
"""How clang is told the platform, which zig is told in its own words."""
WITH_VALUE = ("-isysroot", "-arch")


def main() -> None:
    target, *given = sys.argv[1:]
    passed: list[str] = []
    skip = False
    for argument in given:
        if skip or argument.startswith(FOREIGN):
            skip = False
        elif argument in WITH_VALUE:
            skip = True
        else:
            passed.append(argument)
    os.execv(sys.executable, [sys.executable, "-m", "ziglang", "cc", "-target", target, *passed])


main()
