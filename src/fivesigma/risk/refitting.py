"""Fitting a clone of a model with event weights, whatever stands before it in a pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def fitted(model: Any, X: NDArray[Any], y: NDArray[Any], w: NDArray[np.float64] | None = None) -> Any:
    """Return a clone of ``model`` fitted to X (n, p), y (n,), and weights (n,) in each step that takes them.

    Without weights throughout where the model, or the last step of a pipeline, takes none.

    >>> from sklearn.linear_model import LinearRegression
    >>> X, y = np.zeros((3, 1)), np.array([0.0, 0.0, 3.0])
    >>> float(fitted(LinearRegression(), X, y, np.array([1.0, 1.0, 2.0])).predict(X)[0])
    1.5
    """
    from sklearn.base import clone

    made = clone(model)
    return made.fit(X, y) if w is None else made.fit(X, y, **_given(made, w))


def _given(model: Any, w: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    from sklearn.utils.validation import has_fit_parameter

    steps = [(f"{name}__", step) for name, step in getattr(model, "steps", [])] or [("", model)]
    if not has_fit_parameter(steps[-1][1], "sample_weight"):
        return {}
    return {f"{prefix}sample_weight": w for prefix, step in steps if has_fit_parameter(step, "sample_weight")}
