"""Regularisation paths: which λ was chosen and how clearly, the coefficients, and how exact the optimum is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.path import PathRecord
from fivesigma.report.panels import numbers
from fivesigma.report.path.figure import at_choice, path_plot
from fivesigma.report.rounding import count, plain_number, value_with_error
from fivesigma.report.section import Content, Section, View, metric_name

MOST_FIGURES = 6


def near_ties(kept: PathRecord) -> int:
    """Return how many λ score within one standard error of the best one, itself included."""
    lambdas, mean = np.array(kept.lambdas), np.array(kept.mean)
    best = int(np.argmin(np.abs(np.log(lambdas / kept.best))))
    reach = numbers(kept.standard_error)[best]
    return int((np.abs(mean - mean[best]) <= reach).sum())


def _content(view: View) -> Content:
    models = view.having(PathRecord)
    plots = {
        f"path{i}": path_plot(*each, i + 1, view.target_unit) for i, each in enumerate(models[:MOST_FIGURES])
    }
    context = {
        "lines": [_line(view, *each) for each in models],
        "figures_of": list(plots),
        "metric": metric_name(view.results.metric),
        "part": view.part,
        "certificate": _certificate([kept for _, kept in models]),
        "one_event": _one_event(view),
        "left_out": max(0, len(models) - MOST_FIGURES),
    }
    return Content(context, plots)


def _line(view: View, model: ModelRecord, kept: PathRecord) -> dict[str, str]:
    worst = max(_violations(kept), default=None)
    return {
        "name": model.name,
        "penalty": f"{kept.loss}, {kept.penalty}",
        "chosen": plain_number(kept.chosen),
        "rule": kept.select.replace("-", " "),
        "nonzero": f"{kept.n_nonzero[at_choice(kept)]} of {kept.n_features}",
        "ties": f"{near_ties(kept)} of {len(kept.lambdas)}",
        "score": value_with_error(view.score(model)),
        "limit": plain_number(kept.limit),
        "violation": plain_number(worst, 2),
        "mark": "none" if (worst or 0.0) <= kept.tol else "warning",
    }


def _violations(kept: PathRecord) -> list[float]:
    return [each for each in kept.violations if each is not None]


def _certificate(kept: list[PathRecord]) -> str:
    worst = max((v for each in kept for v in _violations(each)), default=None)
    gaps = [gap for each in kept for gap in each.gaps if gap is not None]
    n, missed = (
        sum(len(each.lambdas) for each in kept),
        sum(v > each.tol for each in kept for v in _violations(each)),
    )
    text = (
        f"Every point carries its proof: over {count(n)} points the largest violation of the optimality "
        f"conditions is {plain_number(worst, 2)} of λ_max"
    )
    if gaps:
        text += f", the largest duality gap {plain_number(max(gaps), 2)} of the loss without features"
    misses = "1 point misses" if missed == 1 else f"{count(missed)} points miss"
    return text + (f"; {misses} the promised tolerance." if missed else ".")


def _one_event(view: View) -> str:
    n = view.results.split.n_test if view.tests else view.results.split.n_train
    if view.results.task != "classification" or not n:
        return ""
    return f"One of the {count(n)} {view.events} is {plain_number(1.0 / n, 2)} of an accuracy"


SECTION = Section(
    "paths",
    "Regularisation paths",
    lambda view: bool(view.having(PathRecord)),
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
