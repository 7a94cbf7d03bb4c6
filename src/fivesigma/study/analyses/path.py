"""Regularisation paths in a study: the keys of a model settled, the recipe built, and what the record keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fivesigma.record.document import tuples
from fivesigma.record.sections.path import PathRecord
from fivesigma.study.analyses.analysis import Analysis, Fitted, OfKept
from fivesigma.study.fit.inside import columns_of, path_of

MOST_NAMES, MOST_LAMBDAS = 60, 50
"""Coefficients that the record keeps of a path: the largest, at evenly chosen λ."""


def recorded(model: Any, names: Sequence[str], settings: Mapping[str, Any], metric: str) -> PathRecord | None:
    """Return the record of a fitted `FoldedPath`; None where it has one λ only.

    Coefficients are those of the columns as the model sees them (standardised, where it wants that); above
    two classes each is the length over the classes.
    """
    if len(model.lambdas_) < 2:
        return None
    theta = model.coefs_ if model.coefs_.ndim == 2 else np.sqrt((model.coefs_**2).sum(axis=1))
    largest = np.abs(theta).max(axis=0)
    kept = np.sort(np.argsort(-largest, kind="stable")[:MOST_NAMES])
    at = np.unique(np.linspace(0, len(theta) - 1, min(len(theta), MOST_LAMBDAS)).round().astype(int))
    return PathRecord(
        metric=metric,
        penalty=settings["penalty"],
        loss=settings["loss"]["name"],
        select=settings["select"],
        lambdas=tuples(model.lambdas_),
        mean=tuples(model.mean_),
        standard_error=tuples(model.standard_error_),
        n_folds=len(model.scores_),
        chosen=model.lambda_,
        best=model.best_,
        one_standard_error=model.one_standard_error_,
        limit=model.limit_,
        n_features=theta.shape[1],
        n_nonzero=tuples((theta != 0).sum(axis=1)),
        names=tuple(str(names[j]) for j in kept),
        coefficient_lambdas=tuples(model.lambdas_[at]),
        coefficients=tuples(theta[np.ix_(at, kept)]),
        multiclass=bool(model.coefs_.ndim == 3),
        violations=tuples(model.violations_),
        gaps=tuple(None if np.isnan(gap) else float(gap) for gap in model.gaps_),
        tol=model.pipeline.steps[-1][1].tol,
    )


class Path(OfKept):
    """The regularisation path of the kept model, where it has one."""

    kept = PathRecord

    def section(self, fitted: Fitted) -> PathRecord | None:
        """Return the path."""
        path, entry = path_of(fitted.estimator), fitted.entry
        if path is None or entry.path is None:
            return None
        return recorded(
            path, columns_of(fitted.estimator, fitted.names), entry.path, str(fitted.shared["metric"])
        )


ANALYSIS = Analysis("path", diagnostics=(Path(),))
