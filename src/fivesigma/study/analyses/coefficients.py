"""The coefficients of a linear recipe, in the units of the columns as they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from fivesigma.features.products import Products
from fivesigma.features.standard import StandardScores
from fivesigma.record.document import tuples
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.study.analyses.analysis import Analysis, Fitted, OfKept
from fivesigma.study.fit.inside import columns_of, pipeline_of

Floats = NDArray[np.float64]


def describe(
    estimator: Any,
    names: Sequence[str],
    *,
    X: Floats | None = None,
    y: NDArray[Any] | None = None,
    w: Floats | None = None,
) -> CoefficientsRecord | None:
    """Return the coefficients of a fitted recipe; None where its model is not linear.

    The model sees ``z = (x - m) / s``, so ``b + z·θ`` has the slope ``θ / s`` per unit of x and the intercept
    ``b - Σ θ m / s``. Gaps filled by a median count as that median.

    Parameters
    ----------
    estimator : fitted recipe
    names : of the columns of the Dataset
    X, y, w : rows (n, p), targets and weights (n,) for which a regression's R² is added; the rows of the fit
        give the textbook's R²
    """
    pipeline = pipeline_of(estimator)
    model = pipeline.steps[-1][1]
    if not hasattr(model, "coef_") or not hasattr(model, "intercept_"):
        return None
    theta, b = (
        np.atleast_2d(model.coef_).astype(np.float64),
        np.atleast_1d(model.intercept_).astype(np.float64),
    )
    slope, intercept = _unscaled(pipeline, theta, b)
    one = len(theta) == 1
    fits = X is not None and y is not None and not hasattr(model, "classes_")
    return CoefficientsRecord(
        names=tuple(columns_of(estimator, names)),
        values=tuples(slope[0] if one else slope),
        intercept=float(intercept[0]) if one else tuples(intercept),
        standardised=tuples(theta[0] if one else theta),
        r2_train=float(r2_score(y, estimator.predict(X), sample_weight=w)) if fits else None,
    )


def _unscaled(pipeline: Any, theta: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return slopes and intercept of the columns, and of their products and powers, as they are read."""
    steps = [step for _, step in pipeline.steps[:-1]]
    if steps and isinstance(steps[-1], StandardScores):
        scaler = steps.pop()
        theta = theta / scaler.scale_
        b = b - theta @ scaler.mean_
    return steps[-1].in_columns(theta, b) if steps and isinstance(steps[-1], Products) else (theta, b)


class Coefficients(OfKept):
    """The coefficients of the kept model, where it is linear."""

    kept = CoefficientsRecord

    def section(self, fitted: Fitted) -> CoefficientsRecord | None:
        """Return the coefficients, with the units of the columns; None of several targets."""
        rows, meta = fitted.rows, fitted.data.meta
        if fitted.data.n_targets > 1:
            return None
        law = describe(fitted.estimator, fitted.names, X=fitted.table(rows), y=fitted.data.y[rows])
        unit = dict(zip(meta["names"], meta["units"], strict=True))
        return law and replace(law, units=tuple(unit.get(name) for name in law.names))


ANALYSIS = Analysis("coefficients", diagnostics=(Coefficients(),))
