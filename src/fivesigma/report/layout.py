"""Where the axes of a figure stand: what surrounds them is measured once.

Matplotlib's constrained layout measures every text twice, since ticks may change when the axes have moved. Here they
begin about where they will end, and are measured again only where the ticks did change. Ticks are found out by title,
label, both spines and the drawing of an axis alike, seven times an axis: while what is seen and how large it is stay,
so do they.
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
        if axes.name == "rectilinear":
            Ticks.of(axes.xaxis)
            Ticks.of(axes.yaxis)


class Ticks:
    """The ticks that an axis shows, put in place and measured where what is seen, or its size, has changed."""

    @classmethod
    def of(cls, axis: Any) -> None:
        """Let an axis find its ticks once."""
        ticks = cls(axis)
        axis._update_ticks, axis._get_ticklabel_bboxes = ticks, ticks.labels

    def __init__(self, axis: Any) -> None:
        self.axis, self.updated, self.measured = axis, axis._update_ticks, axis._get_ticklabel_bboxes
        self._seen: tuple[float, ...] | None = None
        self._shown: list[Any] = []
        self._boxes: Any = None

    def __call__(self) -> list[Any]:
        """Return the ticks to draw."""
        axes = self.axis.axes
        seen = (*axes.viewLim.extents.tolist(), *axes.bbox.extents.tolist())
        if seen != self._seen:
            self._seen, self._shown, self._boxes = seen, self.updated(), None
        return self._shown

    def labels(self, ticks: list[Any], renderer: Any) -> Any:
        """Return the boxes of the labels of ``ticks`` on both sides."""
        if ticks is not self._shown:
            return self.measured(ticks, renderer)
        if self._boxes is None:
            self._boxes = self.measured(ticks, renderer)
        return self._boxes


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
