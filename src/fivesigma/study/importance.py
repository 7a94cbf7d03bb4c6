"""Permutation importance in a study: measured in each fold's own fit on the rows it held out, joined over folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.explain.importance import fold_error, permutation_importance

Array = NDArray[Any]


def of_fold(
    estimator: Any,
    X: Array,
    y: Array,
    w: Array | None,
    *,
    metric: str,
    n_repeats: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return the mean loss of ``metric`` for each column (p,) of the held-out rows, as JSON's own types.

    Empty where a class came up that the fit has not seen, for which its score has no meaning.
    """
    classes = getattr(estimator, "classes_", None)
    if classes is not None and not np.isin(y, classes).all():
        return {}
    found = permutation_importance(estimator, X, y, metric, n_repeats=n_repeats, rng=rng, sample_weight=w)
    return {"mean": found.mean.tolist(), "n_held": len(y)} if np.isfinite(found.mean).all() else {}


def joined(parts: Sequence[Mapping[str, Any]], names: Sequence[str], n_train: int) -> dict[str, Any] | None:
    """Return the record of a model's importance; None where a fold has none or there are fewer than two.

    Returns
    -------
    ``names``, ``mean`` and ``std`` (p,) of the columns as the Dataset has them, the most important first, and
    ``draws``, one list a fold; std is Nadeau and Bengio's, ±2 of it holding 95.4 %.
    """
    if len(parts) < 2 or not all(parts):
        return None
    draws = np.array([part["mean"] for part in parts])
    rows = [(np.arange(n_train - part["n_held"]), np.arange(part["n_held"])) for part in parts]
    order = np.argsort(-draws.mean(axis=0), kind="stable")
    return {
        "names": [names[j] for j in order],
        "mean": draws.mean(axis=0)[order].tolist(),
        "std": [fold_error(draws[:, j], rows) for j in order],
        "draws": draws[:, order].tolist(),
    }
