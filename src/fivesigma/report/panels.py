"""What every family of figures needs of its axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.report.style import GRID, INK, MUTED

MOST_MODELS = 5
"""Models that a figure of curves shows in colour; more cannot be told apart."""

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


@contextmanager
def scaled_at_the_end(axes: Sequence[Any]) -> Iterator[None]:
    """Let axes with shared limits look for them once all within is drawn; each artist moves those of all axes."""
    for each in axes:
        each.autoscale(False)
    try:
        yield
    finally:
        for each in axes:
            each.autoscale(True)


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


def frame(values: Iterable[float | None], margin: float = 0.06) -> tuple[float, float] | None:
    """Return the ends of an axis that holds ``values`` with a margin; None where there is no span to take one of.

    >>> frame([0.9, None, 0.8], 0.1)
    (0.79, 0.91)
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    reach = margin * (high - low)
    return (low - reach, high + reach) if reach > 0 else None


def outside(value: float | None, ends: tuple[float, float] | None) -> int:
    """Return on which side of the axis a value lies, -1 or 1; 0 inside it, or where there is no value or no frame.

    >>> outside(0.5, (0.79, 0.91)), outside(0.8, (0.79, 0.91)), outside(None, (0.0, 1.0))
    (-1, 0, 0)
    """
    if value is None or ends is None:
        return 0
    return int(value > ends[1]) - int(value < ends[0])


def edge_text(text: str, side: int, *, vertical: bool = False) -> str:
    """Return what is written at an edge of the axes of a value beyond it, with the arrow that points there.

    >>> edge_text("0.500", -1), edge_text("0.500", 1), edge_text("0.500", -1, vertical=True)
    ('◂ 0.500', '0.500 ▸', '▾ 0.500')
    """
    if vertical:
        return f"{'▾' if side < 0 else '▴'} {text}"
    return f"◂ {text}" if side < 0 else f"{text} ▸"


def edge_note(axes: Any, ends: tuple[float, float], curves: Mapping[str, Sequence[float | None]]) -> None:
    """Write at the lower and the upper edge of the axes which values of ``curves``, by their names, lie beyond it."""
    for side, place in ((-1, {"y": 0.03, "va": "bottom"}), (1, {"y": 0.97, "va": "top"})):
        far = {
            name: [value for value in values if value is not None and outside(value, ends) == side]
            for name, values in curves.items()
        }
        said = [f"{name} {_range(values)}" for name, values in far.items() if values]
        if said:
            text = edge_text(", ".join(said), side, vertical=True)
            axes.text(x=0.02, s=text, transform=axes.transAxes, color=MUTED, fontsize=8.5, **place)


def _range(values: Sequence[float]) -> str:
    """Return from where to where some values lie.

    >>> _range([0.5, 0.5]), _range([0.4, 0.5])
    ('0.5', '0.4 to 0.5')
    """
    return " to ".join(dict.fromkeys(f"{end:.3g}" for end in (min(values), max(values))))


def zero_line(axes: Any, *, vertical: bool = True) -> None:
    """Draw the line of no difference."""
    (axes.axvline if vertical else axes.axhline)(0.0, color=MUTED, linewidth=0.9, zorder=1)


__all__ = [
    "GRID", "INK", "MOST_MODELS", "bar_style", "decade", "decades", "edge_note", "edge_text", "frame", "grid", "note",
    "numbers", "outside", "panels", "zero_line",
]  # fmt: skip
