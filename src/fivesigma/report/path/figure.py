"""A regularisation path: validation score, coefficients and their number against λ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.path import PathRecord
from fivesigma.report.panels import decades, grid, numbers, zero_line
from fivesigma.report.plot import Plot
from fivesigma.report.section import metric_label, metric_name
from fivesigma.report.style import BLUE, GRID, MUTED, PAPER, VERMILLION, colour
from fivesigma.report.text import short, short_product

MOST_LABELS = 10
_GAP = 0.075  # between labels, in heights of the panel

Array = NDArray[np.float64]


def path_plot(model: ModelRecord, kept: PathRecord, number: int, unit: str | None = None) -> Plot:
    """Return the figure of a model's path; λ falls to the right, where the model grows; ``unit`` of the target."""
    name, metric = short(model.name), metric_name(kept.metric)
    return Plot(
        name=f"path-{number}",
        title=f"Regularisation path, {name}",
        caption=(
            f"λ falls to the right: the model grows. Above: mean {metric} over {kept.n_folds} inner folds, "
            "the band one standard error of it; the filled point is the λ that is used, the open one the other "
            "rule's choice; dashed, the limit of large λ, a model without features. Middle: "
            f"{_coefficients(kept)}, the largest named. Below: how many are not zero."
        ),
        alt=(
            f"{metric} and coefficients of {name} against λ; λ = {kept.chosen:.3g} is used, "
            f"{kept.n_nonzero[at_choice(kept)]} of {kept.n_features} coefficients are not zero there."
        ),
        size=(8.6, 7.0),
        draw=lambda figure: _draw(figure, kept, metric_label(kept.metric, unit)),
        header=("quantity", "name", "lambda", "value", "error"),
        rows=_rows(kept),
    )


def at_choice(kept: PathRecord) -> int:
    """Return the number of the λ that is used."""
    return int(np.argmin(np.abs(np.log(np.array(kept.lambdas) / kept.chosen))))


def _coefficients(kept: PathRecord) -> str:
    what = "lengths of the coefficients over the classes" if kept.multiclass else "coefficients"
    few = len(kept.names) < kept.n_features
    return f"{what} for standardised features" + (f" (the {len(kept.names)} largest)" if few else "")


def _rows(kept: PathRecord) -> list[tuple[object, ...]]:
    """Return the numbers of all panels in one table."""
    rows: list[tuple[object, ...]] = [
        ("validation", kept.metric, *row)
        for row in zip(kept.lambdas, kept.mean, kept.standard_error, strict=True)
    ]
    rows += [
        (quantity, "", lam, value, None)
        for quantity, values in (
            ("nonzero", kept.n_nonzero),
            ("violation", kept.violations),
            ("gap", kept.gaps),
        )
        for lam, value in zip(kept.lambdas, values, strict=True)
    ]
    rows += [
        ("coefficient", name, lam, value, None)
        for lam, theta in zip(kept.coefficient_lambdas, kept.coefficients, strict=True)
        for name, value in zip(kept.names, theta, strict=True)
    ]
    return [*rows, ("limit", kept.metric, None, kept.limit, None)]


def _draw(figure: Any, kept: PathRecord, metric: str) -> None:
    above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=(3.0, 3.6, 1.3))
    _draw_scores(above, kept, metric)
    _draw_coefficients(middle, kept)
    _draw_sparsity(below, kept)
    below.set_xscale("log")
    low, high = min(kept.lambdas), max(kept.lambdas)
    below.set_xlim(high * 1.15, low / 1.15)
    below.set_xlabel("λ")
    decades(below.xaxis)


def _draw_scores(axes: Any, kept: PathRecord, metric: str) -> None:
    grid(axes)
    lambdas, mean, error = (numbers(each) for each in (kept.lambdas, kept.mean, kept.standard_error))
    axes.fill_between(lambdas, mean - error, mean + error, color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(lambdas, mean, color=BLUE)
    if kept.limit is not None:
        axes.axhline(kept.limit, color=MUTED, linestyle="--", linewidth=1.0, label="no features")
    for rule, choice, marker in (
        ("best", kept.best, "o"),
        ("one standard error", kept.one_standard_error, "D"),
    ):
        used = kept.select.replace("-", " ") == rule
        at = int(np.argmin(np.abs(np.log(lambdas / choice))))
        axes.plot(
            lambdas[at],
            mean[at],
            marker,
            color=VERMILLION,
            markerfacecolor=VERMILLION if used else PAPER,
            markersize=7,
            zorder=5 if used else 4,
            label=f"{rule}, λ = {choice:.3g}" + (" (used)" if used else ""),
        )
    axes.set_ylabel(f"{metric}, folds")
    axes.legend(loc="best")


def _draw_coefficients(axes: Any, kept: PathRecord) -> None:
    grid(axes)
    zero_line(axes, vertical=False)
    lambdas, theta = numbers(kept.coefficient_lambdas), np.array(kept.coefficients, dtype=np.float64)
    named = largest(theta, lambdas, kept.chosen)
    for j in range(theta.shape[1]):
        hue = colour(named.index(j)) if j in named else GRID
        dashed = j in named and named.index(j) >= 8
        axes.plot(
            lambdas,
            theta[:, j],
            color=hue,
            linewidth=1.4 if j in named else 0.7,
            linestyle="--" if dashed else "-",
            zorder=3 if j in named else 2,
        )
    axes.axvline(kept.chosen, color=VERMILLION, linewidth=0.9, alpha=0.7)
    axes.set_ylabel("length" if kept.multiclass else "coefficient")
    _label(axes, theta[int(np.argmin(lambdas))], named, kept.names)


def largest(theta: Array, lambdas: Array, chosen: float) -> list[int]:
    """Return the columns of at most ten coefficients to name: the largest at the λ that is used, never a zero.

    >>> largest(np.array([[0.0, 2.0, -3.0]]), np.array([1.0]), 1.0)
    [2, 1]
    """
    at = theta[int(np.argmin(np.abs(np.log(lambdas / chosen))))]
    size = np.abs(at) if at.any() else np.abs(theta).max(axis=0)
    order = np.argsort(-size, kind="stable")[:MOST_LABELS]
    return [int(j) for j in order if size[j] > 0]


def _label(axes: Any, ends: Array, named: Sequence[int], names: Sequence[str]) -> None:
    """Name the coefficients beside the right end of their lines, apart from each other."""
    low, high = axes.get_ylim()
    order = sorted(named, key=lambda j: ends[j])
    places = spread([(ends[j] - low) / (high - low) for j in order], _GAP)
    for j, place in zip(order, places, strict=True):
        axes.annotate(
            short_product(names[j]),
            xy=(1.0, (ends[j] - low) / (high - low)),
            xytext=(1.03, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            fontsize=8.5,
            color=colour(named.index(j)),
            arrowprops={
                "arrowstyle": "-",
                "color": colour(named.index(j)),
                "linewidth": 0.5,
                "relpos": (0.0, 0.5),
                "shrinkA": 1,
                "shrinkB": 0,
            },
        )


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Return rising ``places`` moved apart to ``gap``, as little as it takes, and their middle kept.

    >>> spread([0.5, 0.5], 0.1)
    [0.45, 0.55]
    """
    blocks: list[list[float]] = []  # sum of wished starts, number
    for index, place in enumerate(places):
        blocks.append([place - index * gap, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, number = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += number
    starts = [total / number for total, number in blocks for _ in range(int(number))]
    return [start + index * gap for index, start in enumerate(starts)]


def _draw_sparsity(axes: Any, kept: PathRecord) -> None:
    grid(axes)
    axes.step(kept.lambdas, kept.n_nonzero, where="mid", color=BLUE)
    axes.axvline(kept.chosen, color=VERMILLION, linewidth=0.9, alpha=0.7)
    axes.set_ylim(0, kept.n_features * 1.08)
    axes.set_ylabel("not zero")
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
