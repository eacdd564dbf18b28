"""Figures, rounded and spread as a table shows them."""

from collections.abc import Sequence
from statistics import median


def spread(values: Sequence[float], unit: str = "") -> str:
    """The median, with the least and the most where there are several."""
    if len(values) == 1:
        return f"{figure(values[0])}{unit}"
    low, high = figure(min(values)), figure(max(values))
    return f"{figure(median(values))}{unit} ({low} to {high})"


def figure(value: float) -> str:
    """Three digits that mean something."""
    if abs(value) >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"
