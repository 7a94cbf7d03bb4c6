"""Fitting any estimator with weights, and reading probabilities off it in the study's order of classes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils import ClassifierTags, RegressorTags

from fivesigma._core.errors import FitError

Vector = NDArray[np.float64]


def _fitted_parts(estimator: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(estimator, Pipeline):
        yield from (
            (f"{name}__", step) for name, step in estimator.steps if step not in (None, "passthrough")
        )
    else:
        yield "", estimator


def fit_on(
    estimator: Any,
    X: NDArray[Any],
    y: NDArray[Any] | None,
    *,
    w: Vector | None = None,
    groups: NDArray[Any] | None = None,
    evaluation_weight: Vector | None = None,
    journal: Any = None,
) -> Any:
    """Fit ``estimator`` on ``X`` (n, p), ``y`` (n,); each pipeline step gets ``w``, ``groups``, the weights that
    an inner choice is scored with and the ``journal`` of a search if it takes them. A pipeline whose model takes
    no weights is fitted without them throughout; the steps before a model see the size of a weight, not its sign: a
    scale, a category or a gap is there all the same.

    >>> from sklearn.linear_model import LinearRegression
    >>> fit_on(LinearRegression(), np.array([[0.0], [1.0]]), np.array([0.0, 2.0])).coef_
    array([2.])
    """
    given = {
        "sample_weight": w if takes_weights(estimator) else None,
        "groups": groups,
        "evaluation_weight": evaluation_weight,
        "journal": journal,
    }
    parts = list(_fitted_parts(estimator))
    passed = {
        f"{prefix}{key}": np.abs(value) if key == "sample_weight" and part is not parts[-1][1] else value
        for prefix, part in parts
        for key, value in given.items()
        if value is not None and key in _taken(part)
    }
    return estimator.fit(X, y, **passed)


def share_of(weight: Vector | None, rows: NDArray[np.bool_]) -> Vector | None:
    """Return the weights of ``rows``, scaled so that their sum is that of all, if it is positive; None stays None.

    >>> share_of(np.array([1.0, 1.0, 2.0]), np.array([True, True, False]))
    array([2., 2.])
    """
    if weight is None:
        return None
    part = weight[rows].sum()
    return np.asarray(weight[rows] * (weight.sum() / part if part > 0 else 1.0))


def allows_nan(estimator: Any) -> bool:
    """Whether ``estimator``, or the first step of a pipeline, says that it takes NaN."""
    if isinstance(estimator, Pipeline):
        estimator = estimator.steps[0][1]
    return bool(estimator.__sklearn_tags__().input_tags.allow_nan)


def tags_of(estimator: Any, outer: Any) -> Any:
    """Return ``outer``, the tags of a wrapper, turned into those of a one-output ``estimator`` inside it."""
    inner = estimator.__sklearn_tags__()
    outer.estimator_type = inner.estimator_type
    outer.classifier_tags = ClassifierTags() if inner.estimator_type == "classifier" else None
    outer.regressor_tags = RegressorTags() if inner.estimator_type == "regressor" else None
    outer.target_tags.required = True
    outer.input_tags.allow_nan = allows_nan(estimator)
    return outer


def takes_weights(estimator: Any) -> bool:
    """Whether the last step of ``estimator`` has a ``sample_weight`` in its ``fit``."""
    *_, (_, last) = _fitted_parts(estimator)
    return "sample_weight" in _taken(last)


def _taken(estimator: Any) -> Collection[str]:
    """Return the names of what the ``fit`` of an estimator takes; a function of a class is looked at once."""
    fit = getattr(estimator, "fit", None)
    function = getattr(fit, "__func__", None)
    if fit is None or function is None:
        return () if fit is None else signature(fit).parameters
    return _parameters(function)


@lru_cache(maxsize=512)
def _parameters(function: Any) -> Collection[str]:
    return tuple(signature(function).parameters)[1:]


def probabilities(estimator: Any, X: NDArray[Any], classes: NDArray[Any]) -> Vector:
    """Return ``estimator.predict_proba`` with one column per entry of ``classes``, rows summing to 1.

    A class that ``estimator`` has not seen has probability 0. `FitError` where a probability is not finite.
    """
    raw = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    if not np.isfinite(raw).all():
        raise FitError(
            "the model predicts probabilities that are not finite; scale the columns or regularise more."
        )
    out = np.zeros((len(raw), len(classes)))
    out[:, np.searchsorted(classes, estimator.classes_)] = raw
    return _normalised(out)


def _normalised(p: Vector) -> Vector:
    total = p.sum(axis=1, keepdims=True)
    off = np.abs(total[:, 0] - 1.0) > 1e-12
    p[off] = np.where(total[off] > 0, p[off] / np.where(total[off] > 0, total[off], 1.0), 1.0 / p.shape[1])
    return p
