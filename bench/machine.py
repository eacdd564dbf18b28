"""The machine that a figure was measured on, and the versions of what was measured."""

import json
import os
import platform
import subprocess
import tomllib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def stamp(root: Path) -> dict[str, str]:
    """The machine, the versions and the date."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{memory_gibibytes():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "file system": file_system(root),
        # A figure of a machine that did other things meanwhile is worth less.
        "load before": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        "Node": output("node", "--version").removeprefix("v"),
        "Rust": output("rustc", "--version").split()[1],
        "nats-server": output("nats-server", "--version").split()[-1].removeprefix("v"),
        "async-nats": locked(root / "bench" / "Cargo.lock", "async-nats"),
        "nats-py": version("nats-py"),
        "uvloop": version("uvloop"),
        "@nats-io/kv": installed(root / "node" / "node_modules", "@nats-io/kv"),
        "commit": output("git", "-C", str(root), "describe", "--always", "--dirty"),
    }


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gibibytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def file_system(path: Path) -> str:
    return output("stat", "--file-system", "--format=%T", str(path))


def locked(path: Path, name: str) -> str:
    """The version of a crate in a lock file."""
    packages = tomllib.loads(path.read_text())["package"]
    return next(str(package["version"]) for package in packages if package["name"] == name)


def installed(folder: Path, name: str) -> str:
    """The version of an npm package."""
    return str(json.loads((folder / name / "package.json").read_text())["version"])


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
