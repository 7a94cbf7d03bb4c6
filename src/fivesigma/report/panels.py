"""What every family of figures needs of its axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.report.style import GRID, INK, MUTED

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def numbers(values: Sequence[float | None] | None) -> NDArray[np.float64]:
    """Return ``values`` as floats, ``None`` as NaN."""
    return np.array([math.nan if value is None else value for value in values or ()], dtype=np.float64)


def grid(axes: Any, axis: str = "both") -> None:
    """Draw a faint grid behind the data."""
    axes.grid(True, axis=axis)
    axes.set_axisbelow(True)


def decades(axis: Any) -> None:
    """Label a logarithmic axis 1, 10, 100, 10⁴ (mathtext is off, since names of users may hold ``$``)."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: decade(value)))
    axis.set_minor_formatter(NullFormatter())


def decade(value: float) -> str:
    """Return a power of ten as a tick label.

    >>> decade(100.0), decade(1e5), decade(0.01)
    ('100', '10⁵', '0.01')
    """
    if value <= 0.0:
        return ""
    exponent = round(math.log10(value))
    if -3 < exponent < 4:
        return f"{value:g}"
    return "10" + str(exponent).translate(_SUPERSCRIPT)


def panels(figure: Any, n: int, columns: int, **options: Any) -> list[Any]:
    """Return ``n`` axes in rows of ``columns``; what is left of the last row stays empty."""
    rows = math.ceil(n / columns)
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel().tolist()
    for spare in axes[n:]:
        spare.remove()
    for lowest in axes[max(0, n - columns) : n]:  # the last of its column: shared axes hide its labels
        lowest.xaxis.set_tick_params(labelbottom=True)
    shown: list[Any] = axes[:n]
    return shown


def note(axes: Any, text: str) -> None:
    """Write that there is nothing to draw, in the middle of the axes."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED)


def bar_style(colour: str) -> dict[str, Any]:
    """Return the style of points with error bars."""
    return {
        "fmt": "o",
        "color": colour,
        "ecolor": colour,
        "markersize": 3.6,
        "elinewidth": 1.1,
        "capsize": 0,
        "linestyle": "none",
    }


def zero_line(axes: Any, *, vertical: bool = True) -> None:
    """Draw the line of no difference."""
    (axes.axvline if vertical else axes.axhline)(0.0, color=MUTED, linewidth=0.9, zorder=1)


__all__ = ["GRID", "INK", "bar_style", "decade", "decades", "grid", "note", "numbers", "panels", "zero_line"]
