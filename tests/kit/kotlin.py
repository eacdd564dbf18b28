"""Programs in Kotlin, as `make` has built them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "target" / "kotlin"
CLASSPATH = f"{BUILT / 'test-classes'}:{BUILT / 'classes'}:{BUILT / 'lib'}/*"


def program(main: str) -> tuple[str, ...]:
    """The command that runs a class with a ``main``."""
    return ("java", "-enableassertions", f"-Dslipstream.root={ROOT}", "-cp", CLASSPATH, main)


def junit(package: str) -> tuple[str, ...]:
    """The command that runs the tests of a package."""
    console = program("org.junit.platform.console.ConsoleLauncher")
    return (
        *console,
        "execute",
        "--disable-banner",
        "--details=summary",
        "--select-package",
        package,
    )
