"""Fewer columns made of all: principal components, and non-negative parts."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import TINY, SavedState
from fivesigma.features.columns import matrix, weights
from fivesigma.features.scale import Scale, refuse_other_scale

Floats = NDArray[np.float64]

LARGEST = 5000
"""The smaller side of the largest table that is decomposed."""

_ROUNDS, _ENOUGH = 500, 1e-9
_RANK = 1e-12
_TIED = 1e-9
_TOL, _TINY, _FAR = 1e-10, 1e-300, 1e300


class PrincipalComponents(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Project on the directions of largest variance of the (standardised) columns, events weighted.

    ``C = Σ w z zᵀ / Σ w = V Λ Vᵀ`` with ``z = (x - m) / s``; the scores are ``z V`` (Pearson 1901). The sign of
    each direction makes its largest entry positive, of equal ones the first.

    Parameters
    ----------
    n : int, number of components, all where there are fewer; or a share of the variance in (0, 1), reached by as
        few as will do; None: all. One without variance is none
    standardise : bool, divide each column by its standard deviation first; else all by one number

    Attributes
    ----------
    components_ : (n, n_features), rows of Vᵀ; mean_, scale_ : (n_features,)
    explained_ : (rank,) share of the variance of every component, kept or not

    Raises
    ------
    InputError
        For n out of range, or a table above 5,000 on both sides.

    Examples
    --------
    >>> X = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    >>> PrincipalComponents(1).fit(X).explained_.round(6).tolist()
    [1.0]
    """

    _scale: Scale | None = None

    def __init__(self, n: float | None = None, standardise: bool = True) -> None:
        self.n = n
        self.standardise = standardise

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn mean, scale and directions from ``X`` (n_samples, n_features) and weights (n_samples,)."""
        table = matrix(self, X, fitting=True)
        w = weights(sample_weight, table)
        if min(table.shape) > LARGEST:
            raise InputError(
                f"components of {table.shape[0]:,} × {table.shape[1]:,} values take too long; select at most "
                f"{LARGEST:,} columns before."
            )
        table, share = table[w > 0], w[w > 0] / w.sum()
        scale = Scale.of(table, share)
        self._scale = scale if self.standardise else scale.together()
        self.mean_, self.scale_ = self._scale.centre, self._scale.units
        variance, directions = _directions(np.sqrt(share)[:, None] * self._scale.scores(table))
        total = variance.sum()
        variance = variance[: max(1, int((variance > _RANK * total).sum()))]
        self.explained_ = variance / total if total > 0 else np.zeros(len(variance))
        n = self._number(len(variance))
        size = np.abs(directions[:n])
        largest = (size > (1.0 - _TIED) * size.max(axis=1, keepdims=True)).argmax(axis=1)
        signs = np.where(directions[np.arange(n), largest] < 0, -1.0, 1.0)
        self.components_ = directions[:n] * signs[:, None]
        return self

    def _number(self, most: int) -> int:
        if self.n is None:
            return most
        if isinstance(self.n, bool) or not self.n > 0 or (self.n > 1 and self.n != int(self.n)):
            raise InputError(
                f"n = {self.n!r} is no number of components; expected a whole number, or a share in (0, 1)."
            )
        if self.n < 1:
            reached = np.cumsum(self.explained_) >= self.n - 1e-12
            return int(reached.argmax()) + 1 if reached.any() else most
        return min(int(self.n), most)

    def transform(self, X: ArrayLike) -> Floats:
        """Return the scores (n_samples, n)."""
        check_is_fitted(self)
        table = matrix(self, X)
        scale = self._scale or Scale.told(self.mean_, self.scale_)
        return np.asarray(scale.scores(table) @ self.components_.T)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return PC1, PC2, ..."""
        check_is_fitted(self)
        return np.array([f"PC{k + 1}" for k in range(len(self.components_))], dtype=object)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        state.floats("mean_", (p,))
        state.floats("scale_", (p,), low=TINY)
        refuse_other_scale(state, p)
        state.floats("components_", (None, p))


def _directions(A: Floats) -> tuple[Floats, Floats]:
    """Return the eigenvalues of AᵀA, falling, and its eigenvectors as rows, from the smaller Gram matrix."""
    n, p = A.shape
    if p <= n:
        values, vectors = np.linalg.eigh(A.T @ A)
        return np.maximum(values[::-1], 0.0), vectors.T[::-1]
    _, singular, directions = np.linalg.svd(A, full_matrices=False)
    return singular**2, directions


class NonNegativeParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Describe each event as a sum of ``n`` non-negative parts (Lee & Seung 1999, Nature 401, 788).

    Columns are taken to [0, 1] by the range of the fitted rows (below it: 0); ``Σ w |x - h W|²`` with h, W >= 0
    falls by alternating coordinate descent (Cichocki & Phan 2009) from the leading directions of the events. At
    ``transform`` h is the optimum for each event, whatever events come with it.

    Parameters
    ----------
    n : int, number of parts, as many as columns or rows where these are fewer

    Attributes
    ----------
    components_ : (n, n_features), W; low_, range_ : (n_features,)
    error_ : Σ w |x - h W|² over Σ w |x - mean|², the share of the variance that is left

    Raises
    ------
    InputError
        For n below 1.

    Examples
    --------
    >>> X = np.outer([0.0, 1.0, 2.0, 3.0], [1.0, 2.0])
    >>> bool(NonNegativeParts(1).fit(X).error_ < 1e-6)
    True
    """

    def __init__(self, n: int = 2) -> None:
        self.n = n

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the parts from ``X`` (n_samples, n_features) and weights (n_samples,)."""
        table = matrix(self, X, fitting=True)
        w = weights(sample_weight, table)
        if isinstance(self.n, bool) or not isinstance(self.n, int | np.integer) or self.n < 1:
            raise InputError(f"n = {self.n!r} is no number of parts; expected a whole number from 1.")
        table, share = table[w > 0], w[w > 0] / w.mean()
        self.low_ = table.min(axis=0)
        span = table.max(axis=0) - self.low_
        self.range_ = np.where(span > 0, span, _FAR)
        Z = (table - self.low_) / self.range_
        self.components_ = _parts(Z, share, min(int(self.n), *Z.shape))
        rest = share @ (Z - _loads(Z, self.components_) @ self.components_) ** 2
        spread = share @ (Z - share @ Z / share.sum()) ** 2
        self.error_ = float(rest.sum() / max(spread.sum(), _TINY))
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Return how much of each part is in each event, (n_samples, n)."""
        check_is_fitted(self)
        table = matrix(self, X)
        return _loads(np.maximum((table - self.low_) / self.range_, 0.0), self.components_)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return NMF1, NMF2, ..."""
        check_is_fitted(self)
        return np.array([f"NMF{k + 1}" for k in range(len(self.components_))], dtype=object)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        state.floats("low_", (p,))
        state.floats("range_", (p,), low=TINY)
        state.floats("components_", (None, p), low=0.0)


def _parts(Z: Floats, share: Floats, n: int) -> Floats:
    """Return the ``n`` parts W (n, p) that describe the rows of Z best, rows weighted, each of length 1.

    It begins with the larger of the positive and the negative half of each leading direction (Boutsidis &
    Gallopoulos 2008), zeros lifted to a hundredth of the mean so that they may grow.
    """
    _, directions = np.linalg.eigh((Z * share[:, None]).T @ Z / share.sum())
    W = np.empty((n, Z.shape[1]))
    for k, v in enumerate(directions.T[::-1][:n]):
        half = max(np.maximum(v, 0.0), np.maximum(-v, 0.0), key=lambda part: float(part @ part))
        W[k] = np.maximum(half, 0.01 * half.mean())
    h, total, before = _loads(Z, W), float(share @ (Z**2).sum(axis=1)), np.inf
    for _ in range(_ROUNDS):
        G, C = h.T @ (share[:, None] * h), h.T @ (share[:, None] * Z)
        for k in range(n):
            if G[k, k] > 0:
                W[k] = np.maximum(W[k] + (C[k] - G[k] @ W) / G[k, k], 0.0)
        h = _loads(Z, W, h, sweeps=5)
        error = float(share @ ((Z - h @ W) ** 2).sum(axis=1))
        if before - error <= _ENOUGH * total:
            break
        before = error
    length = np.sqrt((W**2).sum(axis=1, keepdims=True))
    return np.asarray(W / np.where(length > 0, length, 1.0))


def _loads(Z: Floats, W: Floats, start: Floats | None = None, sweeps: int = 2000) -> Floats:
    """Return ``argmin |z - h W|²`` over h >= 0 for each row, by coordinate descent on h."""
    G, C = W @ W.T, Z @ W.T
    h = np.zeros_like(C) if start is None else start.copy()
    live = [k for k in range(len(W)) if G[k, k] > 0]
    for _ in range(sweeps):
        moved = 0.0
        for k in live:
            new = np.maximum(h[:, k] + (C[:, k] - h @ G[:, k]) / G[k, k], 0.0)
            moved = max(moved, float(np.abs(new - h[:, k]).max(initial=0.0)))
            h[:, k] = new
        if moved <= _TOL * max(1.0, float(h.max(initial=0.0))):
            break
    return h
