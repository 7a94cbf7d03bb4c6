"""Has a fit converged: one answer for every model, read from its own attribute and never from a word of a message."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline


def converged(fitted: Any) -> bool | None:
    """Return whether a fitted estimator, and each that stands inside it, says that it has converged.

    Asked is ``converged_`` (a truth value, or an array of them, one for each λ) of the estimator, of its
    ``estimator_``, and of the steps of a pipeline. False where one of them has not, None where none has
    anything to say: a tree has nothing that could converge.

    >>> from fivesigma.models.linear import LinearRegressor
    >>> X = np.array([[0.0], [1.0], [3.0]])
    >>> converged(Pipeline([("model", LinearRegressor().fit(X, [0.0, 1.0, 2.0]))])), converged(Pipeline([]))
    (True, None)
    """
    said = [bool(np.all(part.converged_)) for part in _inside(fitted) if hasattr(part, "converged_")]
    return all(said) if said else None


def _inside(fitted: Any) -> Iterator[Any]:
    if isinstance(fitted, Pipeline):
        for _, step in fitted.steps:
            yield from _inside(step)
        return
    yield fitted
    if hasattr(fitted, "estimator_"):
        yield from _inside(fitted.estimator_)


def listened(fit: Callable[[], Any]) -> tuple[Any, bool]:
    """Return what ``fit`` returns and whether it gave no `ConvergenceWarning`; all warnings are passed on.

    >>> listened(lambda: 1)
    (1, True)
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = fit()
    for each in caught:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return result, not any(issubclass(each.category, ConvergenceWarning) for each in caught)
