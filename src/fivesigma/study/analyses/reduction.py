"""Feature steps in a study: what was left of the columns in each fit, and how stable the choice is over fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fivesigma.features.reduction import COMPONENTS, LEARNED, SELECTIONS
from fivesigma.record.sections.reduction import ReductionRecord, ReductionStep
from fivesigma.record.sections.section import named
from fivesigma.study.analyses.analysis import Analysis, Fitted, Found, Run
from fivesigma.study.fit.inside import pipeline_of
from fivesigma.study.plan import Entry, Fit

MOST_COMPONENTS, MOST_COLUMNS = 100, 200
"""Shares of variance, and columns with their frequency, that the record keeps: the largest."""


def left(estimator: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return, for each step of a fitted recipe, what came to it and what it left, by name."""
    pipeline, found = pipeline_of(estimator), []
    columns = np.asarray(names, dtype=object)
    for kind, step in pipeline.steps[:-1]:
        out = step.get_feature_names_out(columns)
        if kind in SELECTIONS:
            found.append({"kind": kind, "from": list(columns), "left": list(out)})
        elif kind in (*COMPONENTS, *LEARNED):
            about = {"kind": kind, "from": list(columns), "left": list(out)}
            found.append(about | _described(kind, step))
        columns = out
    return found


def _described(kind: str, step: Any) -> dict[str, Any]:
    if kind == "pca":
        return {"explained": step.explained_[:MOST_COMPONENTS].tolist()}
    return {} if kind == "network" else {"unexplained": step.error_}


def joined(
    final: Sequence[Mapping[str, Any]], others: Sequence[Sequence[Mapping[str, Any]]]
) -> ReductionRecord:
    """Return the steps of a model in its final fit, and over all fits.

    Parameters
    ----------
    final : what `left` says of the final fit
    others : the same of the fits to folds and to resampled training sets
    """
    return ReductionRecord(
        steps=tuple(
            _over_fits([step, *(each[at] for each in others if len(each) > at)])
            for at, step in enumerate(final)
        )
    )


def _over_fits(fits: Sequence[Mapping[str, Any]]) -> ReductionStep:
    """Return one step from what each fit says of it, the final one first."""
    step = fits[0]
    kept = ReductionStep(
        kind=step["kind"],
        n_in=len(step["from"]),
        left=tuple(step["left"][:MOST_COLUMNS]),
        n_left=tuple(len(each["left"]) for each in fits),
        explained=step.get("explained"),
        unexplained=step.get("unexplained"),
    )
    return _with_frequencies(kept, fits) if step["kind"] in SELECTIONS else kept


def _with_frequencies(kept: ReductionStep, fits: Sequence[Mapping[str, Any]]) -> ReductionStep:
    """Return the step with the share of fits in which each column was chosen, the most frequent first."""
    names = list(dict.fromkeys(name for each in fits for name in (*each["left"], *each["from"])))
    n_chosen = dict.fromkeys(names, 0)
    for each in fits:
        for name in each["left"]:
            n_chosen[name] += 1
    order = sorted(names, key=lambda name: -n_chosen[name])[:MOST_COLUMNS]
    return replace(
        kept,
        columns=tuple(order),
        frequency=tuple(n_chosen[name] / len(fits) for name in order),
        n_fits=len(fits),
    )


class Reduced:
    """What feature steps leave of the columns, in the kept model and over folds and refits."""

    name = "reduction"

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off the kept model, the folds and the refits of an entry with feature steps."""
        own = not fit.params and fit.columns is None and fit.seed == 0
        return {} if own and entry.reduce else None

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return what each step left, by name."""
        return {"steps": left(fitted.estimator, fitted.names)}

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return the section ``reduction``."""
        steps = [(fit, each["steps"]) for fit, each in found]
        final = next((each for fit, each in steps if fit.is_final), None)
        if final is None:
            return {}
        return named(joined(final, [each for fit, each in steps if not fit.is_final]))


ANALYSIS = Analysis("reduction", diagnostics=(Reduced(),))
