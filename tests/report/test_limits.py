"""Axes of our figures have the limits that matplotlib finds, whatever is drawn on them."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path

from fivesigma.report.limits import Drawn, Limits

RNG = np.random.default_rng(0)
WITH_GAPS = np.array([1.0, np.nan, 3.0, 0.5, np.nan])
CODES = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY, Path.MOVETO, Path.LINETO]
KINDS = {
    "histogram": lambda axes: axes.hist(RNG.normal(size=100), 20),
    "bars": lambda axes: axes.bar([0.0, 1.0, 2.5], [0.0, -2.0, 3.0], bottom=[1.0, 2.0, 3.0]),
    "bars of no size": lambda axes: axes.bar([5.0, 1.0], [0.0, 2.0], width=[0.0, 0.5]),
    "bars on a logarithm": lambda axes: (axes.set_yscale("log"), axes.bar([1.0, 2.0], [10.0, 1e-3])),
    "stairs": lambda axes: axes.stairs([1.0, 5.0, -2.0], [0.0, 1.0, 1.5, 4.0], fill=True),
    "stairs with gaps": lambda axes: axes.stairs(WITH_GAPS),
    "stairs without a base": lambda axes: axes.stairs([1.0, 5.0], baseline=None),
    "all missing": lambda axes: axes.stairs([np.nan, np.nan], [0.0, 1.0, 2.0]),
    "infinite": lambda axes: axes.stairs([1.0, np.inf, 2.0], [0.0, 1.0, 2.0, 3.0]),
    "a span": lambda axes: axes.axvspan(0.2, 3.0),
    "another span": lambda axes: axes.axhspan(-1.0, 2.0),
    "a polygon": lambda axes: axes.add_patch(Polygon(RNG.normal(size=(5, 2)))),
    "a circle": lambda axes: axes.add_patch(Circle((1.0, 2.0), 3.0)),
    "a rounded box": lambda axes: axes.add_patch(FancyBboxPatch((1.0, 2.0), 3.0, 1.0)),
    "a path of several": lambda axes: axes.add_patch(PathPatch(Path(RNG.normal(size=(6, 2)), CODES))),
    "a path that stops": lambda axes: axes.add_patch(PathPatch(Path([[0, 0], [1, 1], [9, 9]], [1, 2, 0]))),
    "a path without codes": lambda axes: axes.add_patch(PathPatch(Path(RNG.normal(size=(6, 2))))),
    "on the axes": lambda axes: axes.add_patch(Polygon(RNG.random((4, 2)), transform=axes.transAxes)),
    "of no corner": lambda axes: axes.add_patch(PathPatch(Path(np.empty((0, 2))))),
}


def limits(figure: Figure, kind: str) -> list[float]:
    global RNG
    RNG = np.random.default_rng(0)
    axes = figure.subplots(1, 2, sharey=True)[0]
    axes.plot([0.3, 0.4], [0.1, 0.2])
    KINDS[kind](axes)
    ends = (axes.dataLim.extents, axes.dataLim.minpos, axes.get_xlim(), axes.get_ylim())
    return np.concatenate(ends).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_limits_are_those_of_matplotlib(kind) -> None:
    assert limits(Drawn(), kind) == limits(Figure(), kind)


def test_axes_of_lines_ask_no_curve(monkeypatch) -> None:
    axes = Drawn().subplots()
    assert isinstance(axes._update_patch_limits, Limits)
    monkeypatch.setattr(Path, "iter_bezier", lambda *_, **__: pytest.fail("a curve was asked"))
    axes.stairs([1.0, 2.0])
    axes.bar([1.0], [2.0])


def test_axes_of_another_kind_are_as_ever() -> None:
    figure = Drawn()
    assert not isinstance(figure.add_subplot(projection="polar")._update_patch_limits, Limits)
