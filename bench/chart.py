"""The chart of a bench run, as SVG: how many times as fast as its peers ours is."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from figures import figure
from measurement import Contestants, Measurement, Row
from verdict import judge

WIDTH = 920
LINE = 30
TOP = 64
BOTTOM = 66
# Where the bars begin and end; labels stand before them, figures after.
LEFT, RIGHT = 410, 770
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
# A page's own colours are not known here: these follow the reader's choice of light or dark.
STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.small { font-size: 11px; fill: #59636e }
.grid { stroke: #d1d9e0 }
.even { stroke: #59636e }
.met { fill: #2da06a }
.missed { fill: #d9822b }
.wanted { stroke: #1f2328; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.small { fill: #9198a1 }
.grid { stroke: #3d444d }
.even { stroke: #9198a1 }
.wanted { stroke: #f0f6fc }
}"""


@dataclass(frozen=True)
class Bar:
    """A comparison: how many times as fast ours is, and must be."""

    title: str
    against: str
    speed: float
    wanted: float
    met: bool
    cpu: float | None


def svg(
    section: str, rows: Sequence[Row], measurements: Sequence[Measurement], stamp: dict[str, str]
) -> str:
    """The comparisons of these rows."""
    bars = [bar for row in rows for bar in bars_of(row, Contestants(row, measurements))]
    axis = Axis([bar.speed for bar in bars] + [bar.wanted for bar in bars])
    height = TOP + LINE * len(bars) + BOTTOM
    foot = height - BOTTOM + 28
    words = [f"{name} {value}" for name, value in stamp.items()]
    half = len(words) // 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>Speed of slipstream beside its peers: {escape(section)}</title>",
            f"<style>{STYLE}</style>",
            text(16, 24, f"slipstream, {section}: times as fast as the peer", "title"),
            text(
                16,
                42,
                "Bar: median of all rounds. Mark: what it must reach. CPU: client processor time "
                "an operation over the peer's. Green: all reached.",
                "small",
            ),
            *axis.lines(height - BOTTOM),
            *(part for turn, bar in enumerate(bars) for part in drawn(bar, turn, axis)),
            text(16, foot, ", ".join(words[:half]) + ",", "small"),
            text(16, foot + 16, ", ".join(words[half:]), "small"),
            "</svg>\n",
        ]
    )


def bars_of(row: Row, contestants: Contestants) -> Iterator[Bar]:
    verdicts = judge(row, contestants)
    for verdict in verdicts:
        if verdict.cpu or not verdict.against:
            continue
        middle, limit = median(verdict.values), verdict.limit
        speed, wanted = (1 / middle, 1 / limit) if verdict.ceiling else (middle, limit)
        cpus = [each for each in verdicts if each.cpu and each.against == verdict.against]
        met = verdict.met and all(each.met for each in cpus)
        cpu = median(cpus[0].values) if cpus else None
        yield Bar(row.title.replace("`", ""), verdict.against, speed, wanted, met, cpu)


class Axis:
    """A logarithmic axis that has room for all values, and for an even match."""

    def __init__(self, values: Sequence[float]) -> None:
        least, most = min([1.0, *values]), max([1.0, *values])
        first = max((tick for tick in TICKS if tick <= least), default=TICKS[0])
        last = min((tick for tick in TICKS if tick >= most), default=TICKS[-1])
        self._ticks = [tick for tick in TICKS if first <= tick <= last]
        self._least = math.log(first)
        self._width = math.log(last) - self._least or 1.0

    def x(self, value: float) -> float:
        share = (math.log(value) - self._least) / self._width
        return round(LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT), 1)

    def lines(self, bottom: int) -> Iterator[str]:
        for tick in self._ticks:
            x = self.x(tick)
            kind = "even" if tick == 1 else "grid"
            yield f'<line class="{kind}" x1="{x}" x2="{x}" y1="{TOP}" y2="{bottom}"/>'
            yield text(x, TOP - 6, f"{figure(tick)}x", "small", "middle")


def drawn(bar: Bar, turn: int, axis: Axis) -> Iterator[str]:
    top = TOP + turn * LINE + 7
    low, high = sorted((axis.x(1.0), axis.x(bar.speed)))
    wanted = axis.x(bar.wanted)
    yield text(LEFT - 10, top + 6, bar.title, "", "end")
    yield text(LEFT - 10, top + 19, bar.against, "small", "end")
    kind = "met" if bar.met else "missed"
    yield f'<rect class="{kind}" x="{low}" y="{top}" width="{high - low:.1f}" height="16" rx="2"/>'
    yield f'<line class="wanted" x1="{wanted}" x2="{wanted}" y1="{top - 3}" y2="{top + 19}"/>'
    cpu = "" if bar.cpu is None else f", CPU {figure(bar.cpu)}x"
    yield text(RIGHT + 10, top + 12, f"{figure(bar.speed)}x{cpu}")


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
