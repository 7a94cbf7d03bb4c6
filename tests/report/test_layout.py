"""What surrounds axes is measured once, and nothing of a figure is cut or lies upon another panel's."""

from __future__ import annotations

import itertools
from unittest import mock

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from fivesigma.report.body import shown
from fivesigma.report.layout import Surroundings, Ticks, beginning, measure_once
from fivesigma.report.plot import Plot, _label_decades, drawing
from fivesigma.report.recording import Canvas
from fivesigma.report.section import View
from fivesigma.report.sections import SECTIONS
from fivesigma.report.style import styled
from tests.report import fixture as made

RESULTS = {
    "binary": lambda: made.binary(4, 6, 200),
    "multiclass": made.multiclass,
    "regression": lambda: made.regression(200),
}


def _plots(name: str) -> list[Plot]:
    view = View(RESULTS[name](), made.MANIFEST)
    return [plot for part in shown(view, SECTIONS) for plot in part.content.plots.values()]


def _laid_out(plot: Plot, *, once: bool = True) -> Figure:
    figure = Figure(
        plot.size, dpi=72, layout="constrained", subplotpars=beginning(*plot.size) if once else None
    )
    canvas = Canvas(figure)
    plot.draw(figure)
    _label_decades(figure)
    if once:
        measure_once(figure)
    figure.draw(canvas.recording)
    for axes in figure.axes:  # measure anew from here on
        axes.__dict__.pop("get_tightbbox", None)
    return figure


@pytest.mark.parametrize("name", RESULTS)
def test_nothing_is_cut_and_no_panel_lies_upon_another(name: str) -> None:
    plots = _plots(name)
    assert len(plots) >= 4
    for plot in plots:
        with styled(plot.name):
            figure = _laid_out(plot)
            boxes = [axes.get_tightbbox(figure.canvas.get_renderer()) for axes in figure.axes]
        for box in boxes:
            assert min(box.x0, box.y0) >= -1, plot.name
            assert max(box.x1 - figure.bbox.x1, box.y1 - figure.bbox.y1) <= 1, plot.name
        for one, two in itertools.combinations(boxes, 2):
            wide = min(one.x1, two.x1) - max(one.x0, two.x0)
            high = min(one.y1, two.y1) - max(one.y0, two.y0)
            assert min(wide, high) < 1.5, plot.name


@pytest.mark.parametrize("name", RESULTS)
def test_axes_stand_where_matplotlib_puts_them_within_three_points(name: str) -> None:
    for plot in _plots(name):
        with styled(plot.name):
            ours, theirs = (_laid_out(plot, once=once) for once in (True, False))
        for one, two in zip(ours.axes, theirs.axes, strict=True):
            assert np.allclose(one.get_window_extent().extents, two.get_window_extent().extents, atol=3), (
                plot.name
            )


@pytest.mark.parametrize("name", RESULTS)
def test_most_axes_are_measured_once(name: str) -> None:
    measured = {True: 0, False: 0}
    plots = _plots(name)
    for once in measured:
        with mock.patch.object(Axes, "get_tightbbox", autospec=True, side_effect=Axes.get_tightbbox) as asked:
            for plot in plots:
                with styled(plot.name):
                    _laid_out(plot, once=once)
        measured[once] = asked.call_count
    assert measured[True] < 0.65 * measured[False]


def test_axes_whose_ticks_change_are_measured_again() -> None:
    with styled("test"):
        figure = Figure((4.0, 3.0), dpi=72)
        axes, renderer = figure.subplots(), Canvas(figure).get_renderer()
        axes.plot([0, 1000], [0, 1])
        surroundings = Surroundings(axes)
        with mock.patch.object(surroundings, "measured", side_effect=surroundings.measured) as asked:
            first = surroundings(renderer)
            axes.set_position((0.5, 0.5, 0.4, 0.4))
            axes.set_xticks([0, 1000])
            axes.set_yticks([0, 1])
            surroundings(renderer)
            assert asked.call_count == 2
            axes.set_position((0.5, 0.3, 0.4, 0.4))
            moved = surroundings(renderer)
            assert asked.call_count == 2
        assert np.allclose(moved.extents, axes.get_tightbbox(renderer).extents, atol=0.01)
        assert not np.allclose(moved.extents, first.extents)


@pytest.mark.parametrize("size", [(0.5, 0.5), (7.0, 2.0), (30.0, 40.0)])
def test_axes_begin_within_a_figure_of_any_size(size: tuple[float, float]) -> None:
    begun = beginning(*size)
    assert 0 < begun.left < begun.right < 1
    assert 0 < begun.bottom < begun.top < 1


@pytest.mark.parametrize("name", RESULTS)
def test_ticks_that_are_kept_are_those_that_are_found_anew(name: str, monkeypatch) -> None:
    found = {"once": 0, "anew": 0}
    plots = _plots(name)
    update = Axis._update_ticks

    def counted(case: str) -> None:
        def updated(axis):
            found[case] += 1
            return update(axis)

        monkeypatch.setattr(Axis, "_update_ticks", updated)

    counted("once")
    kept = [drawing(plot) for plot in plots]
    counted("anew")
    monkeypatch.setattr(Ticks, "__call__", lambda ticks: ticks.updated())
    for one, plot in zip(kept, plots, strict=True):
        assert one == drawing(plot), plot.name
    assert found["once"] < 0.6 * found["anew"]
