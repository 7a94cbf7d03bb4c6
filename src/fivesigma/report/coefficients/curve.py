"""Laws of one column, of itself or of its powers: lines and curves over the events, with the bands of their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.record.sections.columns import PointsRecord
from fivesigma.report.panels import MOST_MODELS, grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import MUTED, colour
from fivesigma.report.text import labelled, listed, short

_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_MOST_POINTS = 2000
_VECTOR_POINTS = 500  # more are drawn as a picture of points, an eighth of the size
_STEPS = 160

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """The law of a model over one column: where (g,), what it gives there (g,), and how far its 95 % band reaches."""

    model: ModelRecord
    x: Floats
    y: Floats
    low: Floats | None
    high: Floats | None


def powers(law: CoefficientsRecord, column: str) -> list[int] | None:
    """Return the power of ``column`` that each term of a law is; None where a term is of another.

    >>> law = CoefficientsRecord(names=("t", "t²", "t¹²"), values=(1.0, 2.0, 3.0), intercept=0.0)
    >>> powers(law, "t"), powers(law, "u")
    ([1, 2, 12], None)
    """
    found = [_power(name, column) for name in law.names]
    return None if None in found else [each for each in found if each is not None]


def _power(name: str, column: str) -> int | None:
    digits = name.removeprefix(column)
    if name == column:
        return 1
    if not name.startswith(column) or not set(digits) <= set(_SUPERSCRIPTS):
        return None
    return int("".join(str(_SUPERSCRIPTS.index(digit)) for digit in digits))


def curve(view: View) -> Plot | None:
    """Return the events over the one column of a linear model, and the law of every model of that column alone."""
    points, laws = view.results.data.section(PointsRecord), view.having(CoefficientsRecord)
    if view.results.task != "regression" or points is None or points.target is None:
        return None
    fitting = [
        (name, model, law) for model, law in laws for name in points.names if law.names and powers(law, name)
    ]
    if not fitting:
        return None
    column = fitting[0][0]
    x = numbers([row[points.names.index(column)] for row in points.values])[:_MOST_POINTS]
    curves = [over(model, law, column, x) for name, model, law in fitting if name == column][:MOST_MODELS]
    return _plot(view, column, (x, numbers(points.target)[:_MOST_POINTS]), curves)


def over(model: ModelRecord, law: CoefficientsRecord, column: str, x: Floats) -> Curve:
    """Return a law over the span of the events ``x`` (n,), with its band where its coefficients have errors.

    The variance of what it gives is ``g^T C g``, g its terms and C the covariance of the coefficients: the robust
    errors with the correlation of the bootstrap.
    """
    known = x[np.isfinite(x)]
    at = np.linspace(known.min(), known.max(), _STEPS)
    terms = np.column_stack([*(at**power for power in powers(law, column) or ()), np.ones(_STEPS)])
    line = terms @ np.array([*law.slopes, law.offset or 0.0])
    reach = _reach(law, terms)
    ends = (line, *(() if reach is None else (line - reach, line + reach)))
    made = [np.exp(each) if law.link == "log" else each for each in ends]
    return Curve(model, at, made[0], *(made[1:] if reach is not None else (None, None)))


def _reach(law: CoefficientsRecord, terms: Floats) -> Floats | None:
    """Return how far the 95 % band reaches from the law at each row of ``terms`` (g, p + 1)."""
    if law.errors is None or law.correlation is None or law.low is None or law.high is None:
        return None
    error, half = numbers(law.errors.robust), (numbers(law.high) - numbers(law.low)) / 2
    together = np.array([numbers(row) for row in law.correlation]) * np.outer(error, error)
    if not np.isfinite(together).all():
        return None
    variance = np.einsum("gi,ij,gj->g", terms, together, terms)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)) * np.max(half / error))


def _plot(view: View, column: str, events: tuple[Floats, Floats], curves: Sequence[Curve]) -> Plot:
    unit = next((each.unit for each in view.results.data.features if each.name == column), None)
    names = [short(each.model.name) for each in curves]
    banded = [short(each.model.name) for each in curves if each.low is not None]
    band = f" The band of {listed(banded)} is the 95 % band of the law, not of events." if banded else ""
    bare = [name for name in names if name not in banded]
    none = f" {listed(bare)}: biased by a penalty, so without a band." if bare else ""
    return Plot(
        name="law",
        title=f"The law of {listed(names)}",
        caption=(
            f"{len(events[0])} training events, and what each linear model of {short(column)} alone gives.{band}{none}"
        ),
        alt=f"{view.target} against {labelled(column, unit)}, with the law of {listed(names)}.",
        size=(8.6, 4.2),
        draw=lambda figure: _draw(figure, events, curves, (labelled(column, unit), view.target)),
        header=("model", column, "value", "low", "high"),
        rows=[*_event_rows(events), *(row for each in curves for row in _rows(each))],
    )


def _event_rows(events: tuple[Floats, Floats]) -> list[tuple[object, ...]]:
    return [("event", float(x), float(y), None, None) for x, y in zip(*events, strict=True)]


def _rows(each: Curve) -> list[tuple[object, ...]]:
    none: list[None] = [None] * len(each.x)
    low = none if each.low is None else each.low.tolist()
    high = none if each.high is None else each.high.tolist()
    return [(each.model.name, *row) for row in zip(each.x.tolist(), each.y.tolist(), low, high, strict=True)]


def _draw(
    figure: Any, events: tuple[Floats, Floats], curves: Sequence[Curve], labels: tuple[str, str]
) -> None:
    axes, (x, y) = figure.subplots(), events
    grid(axes)
    many = x.size > _VECTOR_POINTS
    axes.plot(
        x, y, "o", color=MUTED, markersize=3, alpha=0.45, markeredgewidth=0, linestyle="none", rasterized=many
    )
    for index, each in enumerate(curves):
        if each.low is not None:
            axes.fill_between(
                each.x, each.low, each.high, color=colour(index), alpha=0.25, linewidth=0, zorder=3
            )
        axes.plot(
            each.x, each.y, color=colour(index), linewidth=1.8, label=short(each.model.name, 24), zorder=4
        )
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    figure.legend(loc="outside upper right", ncols=5)
