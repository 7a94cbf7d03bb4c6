"""The coefficients of a linear recipe, in the units of the columns as they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from fivesigma.features.standard import StandardScores
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
) -> dict[str, Any]:
    """Return the section ``coefficients`` of a fitted recipe; {} where its model is not linear.

    The model sees ``z = (x - m) / s``, so ``b + z·θ`` has the slope ``θ / s`` per unit of x and the intercept
    ``b - Σ θ m / s``. Gaps filled by a median count as that median.

    Parameters
    ----------
    estimator : fitted recipe
    names : of the columns of the Dataset
    X, y, w : rows (n, p), targets and weights (n,) for which a regression's R² is added; the rows of the fit
        give the textbook's R²

    Returns
    -------
    ``names`` of the p' columns the model sees, ``values`` (p',) or one list per class, ``intercept`` (or a
    list), ``standardised`` (θ, the change per standard deviation), and for a regression ``r2_train``.
    """
    pipeline = pipeline_of(estimator)
    model = pipeline.steps[-1][1]
    if not hasattr(model, "coef_") or not hasattr(model, "intercept_"):
        return {}
    theta, b = (
        np.atleast_2d(model.coef_).astype(np.float64),
        np.atleast_1d(model.intercept_).astype(np.float64),
    )
    slope, intercept = _unscaled(pipeline, theta, b)
    one = len(theta) == 1
    section: dict[str, Any] = {
        "names": columns_of(estimator, names),
        "values": (slope[0] if one else slope).tolist(),
        "intercept": float(intercept[0]) if one else intercept.tolist(),
        "standardised": (theta[0] if one else theta).tolist(),
    }
    if X is not None and y is not None and not hasattr(model, "classes_"):
        section["r2_train"] = float(r2_score(y, estimator.predict(X), sample_weight=w))
    return section


def _unscaled(pipeline: Any, theta: Floats, b: Floats) -> tuple[Floats, Floats]:
    scaler = pipeline.steps[-2][1] if len(pipeline.steps) > 1 else None
    if not isinstance(scaler, StandardScores):
        return theta, b
    slope = theta / scaler.scale_
    return slope, b - slope @ scaler.mean_


class Coefficients(OfKept):
    """The coefficients of the kept model, where it is linear."""

    name = "coefficients"

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return the section ``coefficients``, with the units of the columns."""
        rows, meta = fitted.rows, fitted.data.meta
        law = describe(fitted.estimator, fitted.names, X=fitted.table(rows), y=fitted.data.y[rows])
        unit = dict(zip(meta["names"], meta["units"], strict=True))
        return law and law | {"units": [unit.get(name) for name in law["names"]]}


ANALYSIS = Analysis("coefficients", diagnostics=(Coefficients(),))
