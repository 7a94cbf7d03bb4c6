"""How much each column says about the target: weighted, deterministic, one number or one place a column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.features.ranks import RankCodes
from fivesigma.features.scale import Scale, TargetScale

Floats = NDArray[np.float64]

N_BINS = 16
MOST_COLUMNS = 5000
"""Columns of the largest linear system that is solved here."""

_RIDGE = 1e-3
_N_LAMBDAS = 100


def responses(y: NDArray[np.generic], classification: bool) -> Floats:
    """Return the target as columns: itself, or 1 where an event is of a class (all but the first of two).

    >>> responses(np.array([0, 1, 1]), True).ravel().tolist()
    [0.0, 1.0, 1.0]
    """
    if not classification:
        return np.asarray(y, dtype=np.float64)[:, None]
    classes = np.unique(y)
    wanted = classes[1:] if len(classes) == 2 else classes
    return np.asarray(np.asarray(y)[:, None] == wanted, dtype=np.float64)


def standard(X: Floats, w: Floats) -> Floats:
    """Return the columns of ``X`` (n, p) less their weighted mean, over their deviation; constant ones are 0."""
    return Scale.of(X, w).scores(X)


def explained(X: Floats, y: NDArray[np.generic], w: Floats, *, classification: bool) -> Floats:
    """Return R² of each column with the target: η² between classes, r² for numbers; the F-test's order.

    ``F = R² / (1 - R²) (n - k - 1) / k`` grows with R², so both rank alike (Fisher 1925, ch. VII).

    >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0], [1.0, 2.0]])
    >>> explained(X, np.array([0, 1, 0, 1]), np.ones(4), classification=True).round(3).tolist()
    [1.0, 0.333]
    """
    Z, share = standard(X, w), w / w.sum()
    if not classification:
        r = share @ (Z * standard(responses(y, False), w))
        return np.asarray(r**2)
    found = np.zeros(X.shape[1])
    for label in np.unique(y):
        part = np.where(y == label, share, 0.0)
        found += (part @ Z) ** 2 / part.sum()
    return found


def mutual_information(X: Floats, y: NDArray[np.generic], w: Floats, *, classification: bool) -> Floats:
    """Return the mutual information of each column with the target, in nats, both in bins of equal weight.

    ``I = Σ p(x, y) log p(x, y) / (p(x) p(y))`` less its bias (B_x - 1)(B_y - 1) / 2 N (Miller 1955), N the most
    distinct values of a column or the target, and √N / 2 bins, at most `N_BINS`: a copy of an event is no other event.

    >>> x = np.arange(-32.0, 32.0)
    >>> X = np.column_stack([x**2, np.tile([0.0, 1.0], 32)])
    >>> mutual_information(X, x, np.ones(64), classification=False).round(2).tolist()
    [0.58, -0.02]
    """
    n = max(len(np.unique(column)) for column in (*X.T, y))
    n_bins = int(np.clip(n**0.5 / 2, 2, N_BINS))
    target = (
        np.unique(y, return_inverse=True)[1]
        if classification
        else _binned(np.asarray(y, dtype=np.float64), w, n_bins)
    )
    return np.array([_information(_binned(X[:, j], w, n_bins), target, w, n) for j in range(X.shape[1])])


def _binned(x: Floats, w: Floats, n_bins: int) -> NDArray[np.intp]:
    """Return the bin of each value, at most ``n_bins`` of about equal weight, equal values together."""
    order = np.argsort(x, kind="stable")
    reached = np.cumsum(w[order]) / w.sum()
    at = np.searchsorted(reached, np.arange(1, n_bins) / n_bins - 1e-12)
    edges = np.unique(x[order[at]])
    return np.searchsorted(edges, x, side="left")


def _information(a: NDArray[np.intp], b: NDArray[np.intp], w: Floats, n: int) -> float:
    width = int(b.max()) + 1
    p = np.bincount(a * width + b, weights=w, minlength=(int(a.max()) + 1) * width).reshape(-1, width)
    p = p[p.sum(axis=1) > 0][:, p.sum(axis=0) > 0] / w.sum()
    expected = p.sum(axis=1, keepdims=True) * p.sum(axis=0)
    filled = p > 0
    value = float((p[filled] * np.log(p[filled] / expected[filled])).sum())
    return float(value - (p.shape[0] - 1) * (p.shape[1] - 1) / (2.0 * n))


def linear_size(X: Floats, y: NDArray[np.generic], w: Floats, *, classification: bool) -> Floats:
    """Return the size of each standardised column's coefficient in a slightly ridged least-squares fit.

    For classes the fit is to their indicators (a linear discriminant), the size taken over the classes.
    """
    Z, share = standard(X, w), w / w.sum()
    Y = responses(y, classification)
    Y = Y if classification else standard(Y, w)
    root = np.sqrt(share)[:, None]
    A, B = root * Z, root * (Y - share @ Y)
    n, p = A.shape
    if p <= n:
        theta = np.linalg.solve(A.T @ A + _RIDGE * np.eye(p), A.T @ B)
    else:
        theta = A.T @ np.linalg.solve(A @ A.T + _RIDGE * np.eye(n), B)
    return np.asarray(np.sqrt((theta**2).sum(axis=1)))


def forest_size(
    X: Floats, y: NDArray[np.generic], w: Floats, *, classification: bool, forest: Any = None
) -> Floats:
    """Return the mean decrease in impurity of each column in an unfitted ``forest`` of ours, made on another floor;
    None for 100 extremely randomised trees of scikit-learn's.
    """
    if forest is not None:
        grown = forest.fit(X, y, sample_weight=w).as_trees()
        return np.asarray(grown.importances().mean(axis=0))
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    made = ExtraTreesClassifier if classification else ExtraTreesRegressor
    codes, target = RankCodes().fit_transform(X), y
    if not classification:
        values = np.asarray(y, dtype=np.float64)
        target = TargetScale.of(values, w).places(values)
    forest = made(100, min_samples_leaf=5, random_state=0, n_jobs=1).fit(codes, target, sample_weight=w)
    return np.asarray(forest.feature_importances_)


Size = Callable[..., Floats]
SIZES: dict[str, Size] = {"linear": linear_size, "forest": forest_size}
"""What recursive elimination ranks columns by."""


def eliminated(
    X: Floats, y: NDArray[np.generic], w: Floats, n: int, *, by: Size, step: float, classification: bool
) -> NDArray[np.intp]:
    """Return the ``n`` columns left when those that count least have gone, a share ``step`` of them a round.

    ``by`` says how much each column counts, as those in `SIZES` do.

    Guyon et al. (2002), Machine Learning 46, 389.
    """
    if X.shape[1] > MOST_COLUMNS:
        raise InputError(
            f"recursive elimination of {X.shape[1]:,} columns takes too long; let an 'f-test' of at most "
            f"{MOST_COLUMNS:,} columns go before it."
        )
    left = np.arange(X.shape[1])
    while len(left) > n:
        size = by(X[:, left], y, w, classification=classification)
        keep = max(n, len(left) - max(1, int(step * len(left))))
        left = left[np.sort(np.argsort(-size, kind="stable")[:keep])]
    return left


def entered(
    X: Floats, y: NDArray[np.generic], w: Floats, n: int, *, classification: bool
) -> NDArray[np.intp]:
    """Return the first ``n`` columns that a least-squares fit with an L1 penalty takes in, as λ falls.

    For classes the fit is to their indicators, the columns of one feature in a group. Columns that enter at the
    same λ are ordered by their coefficient, those that never do by their correlation with the target.
    """
    from sklearn.linear_model import enet_path, lasso_path

    Z, Y, root = standard(X, w), responses(y, classification), np.sqrt(w / w.mean())[:, None]
    Y = Y if classification else standard(Y, w)
    A, B = root * Z, root * (Y - (w / w.sum()) @ Y)
    slope = np.sqrt(((A.T @ B) ** 2).sum(axis=1)) / len(A)
    if not slope.max() > 1e-13 * np.abs(Y).max(initial=0.0):  # a constant target, but for rounding
        return np.arange(n)
    lambdas = slope.max() * np.geomspace(1.0, 1e-3, _N_LAMBDAS)
    if Y.shape[1] == 1:
        _, theta, _ = lasso_path(A, B[:, 0], alphas=lambdas, max_iter=5000)
        size = np.abs(theta)
    else:
        _, theta, _ = enet_path(A, B, l1_ratio=1.0, alphas=lambdas, max_iter=5000)
        size = np.sqrt((theta**2).sum(axis=0))
    seen = size > 0
    first = np.where(seen.any(axis=1), seen.argmax(axis=1), size.shape[1])
    at_entry = np.take_along_axis(size, np.minimum(first, size.shape[1] - 1)[:, None], axis=1)[:, 0]
    alone = explained(X, y, w, classification=classification)
    return np.sort(np.lexsort((-alone, -at_entry, first))[:n])
