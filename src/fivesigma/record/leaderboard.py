"""The models of a run in the order of their validation score, by which the best was chosen: the one order there is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fivesigma.record.results import Comparison, ModelRecord, Results, Score
from fivesigma.risk.metrics import metrics

CROSSFIT = "crossfit"
"""All events, each scored by a fit that has not seen it, where claims are made on them."""
TRAINING = ("train", "validation", CROSSFIT)
"""Parts of the data that are no test set."""


@dataclass(frozen=True)
class Line:
    """One model of the leaderboard.

    Attributes
    ----------
    score : on the part that is compared, see `compared_on`; None where there is none.
    sigma_baseline, sigma_best : global significance against the baseline and the best model.
    role : "best", "baseline" or "".
    """

    model: ModelRecord
    validation: Score | None
    score: Score | None
    sigma_baseline: float | None
    sigma_best: float | None
    role: str


def opened_tests(results: Results) -> tuple[str, ...]:
    """Return the test sets that were opened, the first of which decides; others are reported apart."""
    parts = dict.fromkeys(part for model in results.models for part in model.scores)
    return tuple(part for part in parts if part not in TRAINING)


def compared_on(results: Results) -> str:
    """Return the part of the data on which models are compared: the first test set, else all events or folds."""
    crossfitted = [CROSSFIT] if any(CROSSFIT in model.scores for model in results.models) else []
    return next(iter((*opened_tests(results), *crossfitted)), "validation")


def score(results: Results, model: ModelRecord, part: str, metric: str | None = None) -> Score | None:
    """Return a score of ``model``, of the primary metric unless said; None where there is none, or no value."""
    found = model.scores.get(part, {}).get(metric or results.metric)
    return found if found is not None and found.value is not None else None


def ranked(results: Results) -> list[ModelRecord]:
    """Return the fitted models, best validation score first; of equal ones that which was chosen."""
    fitted = [model for model in results.models if model.status == "ok"]
    return sorted(fitted, key=lambda model: (model.name != results.best, -_merit(results, model)))


def _merit(results: Results, model: ModelRecord) -> float:
    found = score(results, model, "validation") or score(results, model, compared_on(results))
    if found is None or found.value is None:
        return -math.inf
    known = metrics().get(results.metric)
    return found.value if known is None else float(known.merit(found.value))


def not_fitted(results: Results) -> list[ModelRecord]:
    """Return the models that failed or were skipped, in the order of the line-up."""
    return [model for model in results.models if model.status != "ok"]


def leaderboard(results: Results) -> tuple[Line, ...]:
    """Return a line for each model: the fitted ones as `ranked`, then those that failed or were skipped."""
    return tuple(_line(results, model) for model in (*ranked(results), *not_fitted(results)))


def _line(results: Results, model: ModelRecord) -> Line:
    roles = {results.baseline: "baseline"} | {results.best: "best"}
    return Line(
        model,
        score(results, model, "validation"),
        score(results, model, compared_on(results)),
        _sigma(model.versus_baseline.get(results.metric)),
        _sigma(model.versus_best.get(results.metric)),
        roles.get(model.name, ""),
    )


def _sigma(comparison: Comparison | None) -> float | None:
    return None if comparison is None else comparison.sigma_global
