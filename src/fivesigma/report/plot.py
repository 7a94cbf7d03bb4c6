"""A figure as a record (what to draw, what to say of it, the numbers behind it) and how it becomes files."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fivesigma._core.probed import import_matplotlib
from fivesigma.report.panels import decades
from fivesigma.report.style import VARIABLES, styled
from fivesigma.report.text import clean

Row = Sequence[object]


@dataclass(frozen=True)
class Plot:
    """One figure: ``draw(figure)`` fills a matplotlib figure of ``size`` inches; ``rows`` are its numbers.

    ``alt`` says in words what a reader who cannot see the figure needs; ``caption`` stands under it.
    """

    name: str
    title: str
    caption: str
    alt: str
    size: tuple[float, float]
    draw: Callable[[Any], None]
    header: tuple[str, ...]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Drawing:
    """A drawn figure: SVG for the page (colours are CSS variables), SVG and PDF as files, CSV of numbers."""

    plot: Plot
    inline: str
    svg: str
    pdf: bytes
    table: str

    def save(self, folder: Path) -> None:
        """Write ``NAME.svg``, ``NAME.pdf`` and ``NAME.csv`` into ``folder``."""
        (folder / f"{self.plot.name}.svg").write_text(self.svg, encoding="utf-8")
        (folder / f"{self.plot.name}.pdf").write_bytes(self.pdf)
        (folder / f"{self.plot.name}.csv").write_text(self.table, encoding="utf-8", newline="")


def drawing(plot: Plot) -> Drawing:
    """Draw ``plot`` once and return it in all its forms; the same plot gives the same bytes."""
    import_matplotlib()
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    from fivesigma.report.layout import beginning, measure_once
    from fivesigma.report.limits import Drawn
    from fivesigma.report.recording import Canvas, Played

    vector, document = io.StringIO(), io.BytesIO()
    with styled(plot.name), warnings.catch_warnings():
        # a character that the font lacks is drawn as a box; the page itself shows it in the reader's own font
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support .* natively")
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        figure = Drawn(plot.size, dpi=72, layout="constrained", subplotpars=beginning(*plot.size))
        canvas = Canvas(figure)
        plot.draw(figure)
        _label_decades(figure)
        measure_once(figure)
        figure.draw(canvas.recording)
        FigureCanvasSVG(Played(canvas.recording)).print_svg(
            vector, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
        )
        FigureCanvasPdf(Played(canvas.recording)).print_pdf(
            document, metadata=dict.fromkeys(("CreationDate", "Creator", "Producer"))
        )
    bare = _bare(vector.getvalue(), plot.name)
    return Drawing(plot, _inline(bare, plot.alt), _standalone(bare), document.getvalue(), _table(plot))


def on_axes(plot: Plot, figure: Any = None) -> Any:
    """Draw ``plot`` in a notebook and return its axes: the one that there is, or an array of all.

    Parameters
    ----------
    figure : of matplotlib, or a part of one; default: a new one of pyplot.
    """
    import matplotlib.pyplot as plt
    import numpy as np

    with styled(plot.name), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        if figure is None:
            figure = plt.figure(figsize=plot.size, dpi=100, layout="constrained", facecolor="white")
        before = set(figure.axes)
        plot.draw(figure)
        _label_decades(figure)
        axes = [each for each in figure.axes if each not in before]
    return axes[0] if len(axes) == 1 else np.array(axes, dtype=object)


def _label_decades(figure: Any) -> None:
    """Label logarithmic axes that are still labelled in mathtext, which is off."""
    from matplotlib.ticker import LogFormatter

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log" and isinstance(axis.get_major_formatter(), LogFormatter):
                decades(axis)


def _table(plot: Plot) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(_cell, plot.header))
    writer.writerows([_cell(value) for value in row] for row in plot.rows)
    return stream.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    return repr(float(value)) if isinstance(value, float) else clean(value)


_TAG = re.compile(r"<[^>]+>")
_DECIMALS = re.compile(r"(-?\d+\.\d{2})\d+")
_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")
_NO_TURN = re.compile(r' transform="rotate\(-?0 [^)]*\)"')
_NAMED = re.compile(r'(\bid="|href="#|url\(#)')
_GROUP = re.compile(r"<g id=\"[^\"]*\"")
_COLOUR = re.compile("|".join(VARIABLES))
_ROOT = re.compile(r"<svg [^>]*viewBox=\"([^\"]*)\"[^>]*>")


def _bare(svg: str, name: str) -> str:
    """Return the ``<svg>`` element alone: no prologue, comments or idle ids, two decimals a coordinate.

    Only tags are rewritten; what stands between them is text of the user's.
    """
    body = re.sub(r"<!--.*?-->", "", svg[svg.index("<svg ") :], flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style type=\"text/css\">[^<]*</style>\s*</defs>", "", body)
    body = _TAG.sub(lambda tag: _tag(tag[0], name), body)
    return re.sub(r">\s*\n\s*<", "><", body).strip()


def _tag(tag: str, name: str) -> str:
    tag = _NAMED.sub(rf"\g<1>{name}-", _GROUP.sub("<g", tag.replace("xlink:href=", "href=")))
    if "base64" in tag:
        return tag
    if tag.startswith("<text"):
        tag = _NO_TURN.sub("", _FAMILY.sub("", tag))
    return " ".join(_DECIMALS.sub(r"\1", tag).split())


def _standalone(bare: str) -> str:
    root = _ROOT.search(bare)
    assert root is not None
    width, height = root[1].split()[2:]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{root[1]}" width="{width}pt" height="{height}pt" '
        "style=\"background: #ffffff; font-family: Helvetica, Arial, 'DejaVu Sans', sans-serif; "
        'stroke-linejoin: round">'
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n{opening}{bare[root.end() :]}\n'


def _inline(bare: str, alt: str) -> str:
    from markupsafe import escape

    root = _ROOT.search(bare)
    assert root is not None
    width = float(root[1].split()[2])
    size = f'viewBox="{root[1]}" style="width: {width / 72:.3g}in"'
    opening = f'<svg {size} role="img" aria-label="{escape(clean(alt))}">'
    return opening + _TAG.sub(_with_variables, bare[root.end() :])


def _with_variables(tag: re.Match[str]) -> str:
    return _COLOUR.sub(lambda colour: f"var({VARIABLES[colour[0]][0]})", tag[0])
