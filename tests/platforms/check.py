"""Type-checks everything for the platforms that it is made for and this machine is none of:
``make check-platforms``.

The C in it (LMDB, ring) is compiled on the way, by zig, which has the headers of macOS. Nothing is
linked or run: what only a linker or a Mac would find is not found here.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {"aarch64-apple-darwin": "aarch64-macos", "x86_64-apple-darwin": "x86_64-macos"}
"""The name of each in Rust, and in zig."""
RUSTUP_SECONDS = 300
CHECK_SECONDS = 1800


def installed() -> set[str]:
    """The targets whose standard library is here."""
    try:
        listed = subprocess.run(
            ["rustup", "target", "list", "--installed"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=RUSTUP_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return set()
    return set(listed.stdout.split())


def add(target: str) -> str:
    """Installs a target, and says why not if that fails."""
    try:
        added = subprocess.run(
            ["rustup", "target", "add", target],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUSTUP_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return added.stderr.strip() if added.returncode else ""


def environment(target: str) -> dict[str, str]:
    """What cargo is told: which compiler, and that there is no Python of that platform."""
    variables = {name: value for name, value in os.environ.items() if name != "PYO3_PYTHON"}
    variables["PYO3_NO_PYTHON"] = "1"
    if sys.platform != "darwin":
        name = target.replace("-", "_")
        compiler = Path(__file__).with_name("zig_cc.py")
        variables[f"CC_{name}"] = f"{sys.executable} {compiler} {TARGETS[target]}"
        variables[f"AR_{name}"] = f"{sys.executable} -m ziglang ar"
        # Nothing is looked for there, and without it there would have to be Apple's `xcrun`.
        variables["SDKROOT"] = "/"
    return variables


def check(target: str) -> bool:
    command = ["cargo", "check", "--quiet", "--workspace", "--target", target]
    print(" ".join(command), flush=True)
    checked = subprocess.run(
        command, cwd=ROOT, env=environment(target), check=False, timeout=CHECK_SECONDS
    )
    return checked.returncode == 0


def main() -> str | None:
    if sys.argv[1:] == ["--installed"]:
        absent = ", ".join(TARGETS.keys() - installed())
        why = f"not checked, since it is not installed: {absent}; make check-platforms adds it"
        return why if absent else None
    for target in TARGETS.keys() - installed():
        if why := add(target):
            return f"check-platforms: {target} cannot be added here, so nothing was checked: {why}"
    failed = [target for target in TARGETS if not check(target)]
    if failed:
        return f"check-platforms: {', '.join(failed)} failed"
    print(f"check-platforms: {', '.join(TARGETS)} type-check")
    return None


if __name__ == "__main__":
    sys.exit(main())
