"""Where the axes of a figure stand: what surrounds them is measured once.

Matplotlib's constrained layout measures every text twice, since ticks may change when the axes have moved. Here they
begin about where they will end, and are measured again only where the ticks did change.
"""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotParams
from matplotlib.transforms import Bbox

_LEFT, _RIGHT, _BOTTOM, _TOP = 0.55, 0.1, 0.45, 0.3
"""Inches beside the axes before anything is measured: a label and numbers, and a line of a legend above."""


def beginning(width: float, height: float) -> SubplotParams:
    """Return about where the axes of a figure of so many inches will stand."""
    left, bottom = min(_LEFT / width, 0.4), min(_BOTTOM / height, 0.4)
    right, top = max(1 - _RIGHT / width, 0.6), max(1 - _TOP / height, 0.6)
    return SubplotParams(left=left, bottom=bottom, right=right, top=top, wspace=0.15, hspace=0.4)


def measure_once(figure: Figure) -> None:
    """Let the next layout of ``figure`` measure what surrounds each of its axes once."""
    for axes in figure.axes:
        if axes.get_aspect() == "auto" and axes.name == "rectilinear":
            setattr(axes, "get_tightbbox", Surroundings(axes))  # noqa: B010  # whom the layout asks


class Surroundings:
    """What measures axes and all that belongs to them, and knows how far that reaches when they have moved."""

    def __init__(self, axes: Any) -> None:
        self.axes, self.measured = axes, axes.get_tightbbox
        self._ticks: tuple[tuple[float, ...], ...] | None = None
        self._reach: Any = None

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Return the box around the axes and what belongs to them, as `Axes.get_tightbbox` does."""
        inner, ticks = self.axes.get_window_extent(), self._shown()
        if ticks != self._ticks:
            box = self.measured(*arguments, **options)
            self._ticks, self._reach = ticks, None if box is None else box.extents - inner.extents
        return None if self._reach is None else Bbox.from_extents(inner.extents + self._reach)

    def _shown(self) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(axis.get_majorticklocs()) for axis in (self.axes.xaxis, self.axes.yaxis))
