"""A figure becomes files as a page can show it."""

from __future__ import annotations

import pytest

from fivesigma.report.plot import Plot, drawing


@pytest.mark.parametrize("axis", ["x", "y"])
def test_no_logarithmic_axis_shows_mathtext(axis: str) -> None:
    def draw(figure) -> None:
        axes = figure.subplots()
        axes.plot([1, 10, 100_000], [1, 10, 100_000])
        getattr(axes, f"set_{axis}scale")("log")

    plot = Plot("p", "t", "c", "a", (4.0, 3.0), draw, ("x",), [(1,)])
    svg = drawing(plot).svg
    assert "mathdefault" not in svg
    assert "10⁵" in svg
