"""What a figure draws is recorded once and played to every format as if it had been drawn there."""

from __future__ import annotations

import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from fivesigma.report.recording import Canvas, Played, Recording
from fivesigma.report.style import styled


def _lines(axes) -> None:
    axes.plot([1, 2, 3], [10, 1, 100], "o-", label="a line")
    axes.set_yscale("log")
    axes.legend(title="of points")
    axes.set(xlabel="turned", title="two\nlines")
    axes.tick_params(axis="x", labelrotation=30)


def _marks(axes) -> None:
    rng = np.random.default_rng(0)
    axes.scatter(*rng.normal(size=(2, 40)), s=rng.uniform(5, 50, 40), c=rng.uniform(size=40), alpha=0.5)
    axes.errorbar([0, 1], [0, 1], [0.2, 0.3], fmt="s", clip_on=False)
    axes.bar([0, 1], [1, 2], hatch="//", fill=False)
    axes.annotate("an arrow", (0, 0), (0.5, 0.5), arrowprops={"arrowstyle": "->"})


def _pixels(axes) -> None:
    axes.imshow(np.arange(12.0).reshape(3, 4), aspect="auto", extent=(0, 2, 0, 1))
    axes.imshow(np.eye(3), aspect="auto", extent=(1, 2, 1, 2), rasterized=True)
    axes.plot(np.linspace(0, 2, 50), np.linspace(0, 1, 50) ** 2, "o", rasterized=True, markeredgewidth=0)


def _mesh(axes) -> None:
    axes.pcolormesh(np.arange(12.0).reshape(3, 4), rasterized=True)
    axes.pcolormesh(np.arange(4, 8), np.arange(4), np.arange(9.0).reshape(3, 3))


FIGURES = pytest.mark.parametrize("draw", [_lines, _marks, _pixels, _mesh])


def _figure(draw) -> Figure:
    figure = Figure((4.0, 3.0), dpi=72, layout="constrained")
    draw(figure.subplots())
    return figure


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    return text.getvalue()


def _recorded(figure: Figure) -> Recording:
    canvas = Canvas(figure)
    figure.draw(canvas.recording)
    return canvas.recording


def _without_groups(svg: str) -> list[str]:
    lines = (line.strip() for line in svg.splitlines())
    return [line for line in lines if not line.startswith(("<g id=", "</g>", "<!--"))]


@FIGURES
def test_the_svg_of_a_recording_is_that_of_the_figure_but_for_its_groups(draw) -> None:
    with styled("test"):
        direct, played = _svg(_figure(draw)), _svg(Played(_recorded(_figure(draw))))
    assert _without_groups(played) == _without_groups(direct)
    assert len(played) < len(direct)


@FIGURES
def test_a_recording_is_played_any_number_of_times(draw) -> None:
    with styled("test"):
        recording = _recorded(_figure(draw))
        first = _svg(Played(recording))
        _pdf(Played(recording))
        assert _svg(Played(recording)) == first


def _pdf(figure: Figure) -> tuple[list[str], list[float]]:
    """What a PDF draws: its words, and its numbers."""
    document = io.BytesIO()
    FigureCanvasPdf(figure).print_pdf(document, metadata={"CreationDate": None})
    text = document.getvalue().decode("latin-1")
    page = text[text.index("stream") : text.index("endstream")]
    number = re.compile(r"-?\d+(\.\d+)?$")
    tokens = page.split()
    return [each for each in tokens if not number.match(each)], [
        float(each) for each in tokens if number.match(each)
    ]


@pytest.mark.parametrize("draw", [_marks, _pixels, _mesh])
def test_the_pdf_of_a_recording_is_that_of_the_figure_within_a_tenth_of_a_point(draw) -> None:
    """PDF measures texts in a way of its own, which moves them by less."""
    with styled("test"), plt.rc_context({"pdf.compression": 0}):
        figure = _figure(draw)
        recording = _recorded(figure)
        figure.set_layout_engine("none")
        (words, numbers), (played_words, played) = _pdf(figure), _pdf(Played(recording))
    assert len(words) > 100
    assert played_words == words
    assert np.allclose(played, numbers, atol=0.1)


def test_what_changes_after_it_was_drawn_changes_nothing_of_the_recording() -> None:
    with styled("test"):
        figure = _figure(_lines)
        recording = _recorded(figure)
        before = _svg(Played(recording))
        figure.axes[0].lines[0].set(color="red", linewidth=9)
        figure.axes[0].patch.set_facecolor("green")
        assert _svg(Played(recording)) == before
