"""Regularisation paths: which λ was chosen and how clearly, the coefficients, and how exact the optimum is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fivesigma.record.results import ModelRecord
from fivesigma.report.path.figure import path_plot
from fivesigma.report.rounding import count, plain_number, value_with_error
from fivesigma.report.section import Content, Section, View, metric_name

MOST_FIGURES = 6


def paths_of(view: View) -> list[ModelRecord]:
    """Return the fitted models that have a path, best first."""
    return [model for model in view.ranked if model.sections.get("path")]


def near_ties(kept: Mapping[str, Any]) -> int:
    """Return how many λ score within one standard error of the best one, itself included."""
    lambdas, mean = np.array(kept["lambdas"]), np.array(kept["mean"])
    best = int(np.argmin(np.abs(np.log(lambdas / kept["best"]))))
    return int((np.abs(mean - mean[best]) <= kept["standard_error"][best]).sum())


def _content(view: View) -> Content:
    models = paths_of(view)
    plots = {f"path{i}": path_plot(model, i + 1) for i, model in enumerate(models[:MOST_FIGURES])}
    context = {
        "lines": [_line(view, model) for model in models],
        "figures_of": list(plots),
        "metric": metric_name(view.results.metric),
        "part": view.part,
        "certificate": _certificate(models),
        "one_event": _one_event(view),
        "left_out": max(0, len(models) - MOST_FIGURES),
    }
    return Content(context, plots)


def _line(view: View, model: ModelRecord) -> dict[str, str]:
    kept = model.sections["path"]
    at = int(np.argmin(np.abs(np.log(np.array(kept["lambdas"]) / kept["chosen"]))))
    return {
        "name": model.name,
        "penalty": f"{kept['loss']}, {kept['penalty']}",
        "chosen": plain_number(kept["chosen"]),
        "rule": kept["select"].replace("-", " "),
        "nonzero": f"{kept['n_nonzero'][at]} of {kept['n_features']}",
        "ties": f"{near_ties(kept)} of {len(kept['lambdas'])}",
        "score": value_with_error(view.score(model)),
        "limit": plain_number(kept["limit"]),
        "violation": plain_number(max(kept["violations"], default=None), 2),
        "mark": "none" if max(kept["violations"], default=0.0) <= kept["tol"] else "warning",
    }


def _certificate(models: list[ModelRecord]) -> str:
    kept = [model.sections["path"] for model in models]
    worst = max(max(each["violations"]) for each in kept)
    gaps = [gap for each in kept for gap in each["gaps"] if gap is not None]
    n, missed = (
        sum(len(each["lambdas"]) for each in kept),
        sum(v > each["tol"] for each in kept for v in each["violations"]),
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
    lambda view: bool(paths_of(view)),
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
