"""The paths that the programs of the bench share."""

from pathlib import Path

BENCH = Path(__file__).parent
ROOT = BENCH.parent
# What the Makefile has built of bench/.
BUILT = ROOT / "target" / "bench" / "release"
