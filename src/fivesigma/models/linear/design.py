"""The table as a solver wants it: transposed blocks of rows, centred, with a row of ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK_BYTES = 12_000_000
"""Size of one float64 block: large enough for a matrix product, small enough to be made on the fly."""
KEPT_BYTES = 100_000_000
"""Tables up to this size are kept transposed; of larger ones each block is made when it is needed."""

SUMMED = 2000
"""Rows whose products are summed in float32."""

ROUNDING = 1e-13
"""A spread below this share of the largest number of its column is what centring left of a constant."""


def spreads(X: NDArray[np.floating], weights: Array, offset: Array) -> Array:
    """Return the root mean square of each column of ``X`` (n, p) about ``offset`` (p,).

    Of a constant column it is the size of its number, or 1.

    >>> spreads(np.array([[1e200, 3.0], [-1e200, 3.0]]), np.ones(2), np.array([0.0, 3.0]))
    array([1.e+200, 3.e+000])
    """
    p = X.shape[1]
    top = _largest(X)
    top[top == 0] = 1.0
    share, total = weights / weights.max(), np.zeros(p)
    step = max(64, BLOCK_BYTES // (8 * max(1, p)))
    for start in range(0, len(X), step):
        block = X[start : start + step] / top - offset / top
        total += share[start : start + step] @ block**2
    relative = np.sqrt(total / share.sum())
    result: Array = np.where(relative > ROUNDING, relative, 1.0) * top
    return result


def _largest(X: NDArray[np.floating]) -> Array:
    """The largest absolute number of each column."""
    return np.asarray(np.maximum(X.max(axis=0, initial=0.0), -X.min(axis=0, initial=0.0)), dtype=np.float64)


class Design:
    """``A = [X − x̄, 1]ᵀ`` in blocks of rows; coefficients are ``z = (θ, b + x̄ᵀθ)``.

    Centring changes neither θ nor the optimum (the intercept is not penalised) and keeps the curvature well
    conditioned. Without an intercept nothing is centred.

    Parameters
    ----------
    X : (n, p)
        float64 or float32, in either memory order; never copied as a whole when it is large.
    weights : (n,)
        Event weights, used for the mean only.
    intercept : bool
        Whether the last row is one.
    standard : bool
        Whether each column is divided by its spread (`spreads`), so that θ of the design is in units of it: for
        problems without a penalty, whose optimum does not depend on the units of a column. ``moved`` is by how
        much the columns that a violation is measured on differ from the centred ones: nothing, then.
    """

    def __init__(
        self, X: NDArray[np.floating], weights: Array, *, intercept: bool, standard: bool = False
    ) -> None:
        self.X = X
        self.n, self.p = X.shape
        self.intercept = intercept
        self.size = self.p + intercept
        self.offset = weights @ X / weights.sum() if intercept else np.zeros(self.p)
        self.standard = standard
        self.unit = spreads(X, weights, self.offset) if standard else np.ones(self.p)
        self.moved = np.zeros(self.p) if standard else self.offset
        self.largest = float((_largest(X) / self.unit).max(initial=0.0))
        step = max(64, BLOCK_BYTES // (8 * max(1, self.size)))
        self.rows = [slice(start, min(start + step, self.n)) for start in range(0, self.n, step)]
        self.kept = self.n * self.p * 8 <= KEPT_BYTES
        self._single: list[NDArray[np.float32]] | None = None
        self._double = [self._block(rows) for rows in self.rows] if self.kept else None

    def _block(self, rows: slice) -> Array:
        """One block ``(size, rows)``, contiguous, float64."""
        block = np.empty((self.size, rows.stop - rows.start))
        for start in range(rows.start, rows.stop, 1024):
            stop = min(start + 1024, rows.stop)
            block[: self.p, start - rows.start : stop - rows.start] = self.X[start:stop].T
        if self.intercept:
            block[: self.p] -= self.offset[:, None]
            block[self.p] = 1.0
        if self.standard:
            block[: self.p] /= self.unit[:, None]
        return block

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Yield ``(rows, A)`` in float64."""
        for i, rows in enumerate(self.rows):
            yield rows, self._double[i] if self._double is not None else self._block(rows)

    def single_blocks(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, A)`` in float32."""
        if self.kept and self._single is None:
            self._single = [block.astype(np.float32) for _, block in self.blocks()]
        for i, rows in enumerate(self.rows):
            yield rows, self._single[i] if self._single is not None else self._block(rows).astype(np.float32)

    def predict(self, z: Array) -> Array:
        """Return ``z A``: scores ``(n,)`` for one vector, ``(L, n)`` for a stack."""
        return np.concatenate([z @ block for _, block in self.blocks()], axis=-1)

    def single_predict(self, z: Array) -> Array:
        """Return ``z A`` for one vector, from float32 products."""
        point = z.astype(np.float32)
        parts = [point @ block for _, block in self.single_blocks()]
        result: Array = np.concatenate(parts).astype(np.float64)
        return result

    def pull_back(self, r: Array) -> Array:
        """Return ``A r``: ``(size,)`` for one residual, ``(L, size)`` for a stack ``(L, n)``."""
        total = np.zeros((*r.shape[:-1], self.size))
        for rows, block in self.blocks():
            total += r[..., rows] @ block.T
        return total

    def gram(self, d: Array) -> Array:
        """Return ``A diag(d) Aᵀ`` for d of either sign."""
        total = np.zeros((self.size, self.size))
        root = np.sqrt(np.abs(d))
        positive = bool(np.all(d >= 0))
        for rows, block in self.blocks():
            scaled = block * root[rows]
            total += scaled @ (scaled if positive else scaled * np.sign(d[rows])).T
        return total

    def single_gram(self, d: Array) -> Array:
        """Return ``A diag(d) Aᵀ`` for d >= 0 from float32 products of a few thousand rows, summed in float64."""
        total = np.zeros((self.size, self.size))
        root = np.sqrt(d, dtype=np.float32)
        for rows, block in self.single_blocks():
            local = root[rows]
            for start in range(0, local.size, SUMMED):
                scaled = block[:, start : start + SUMMED] * local[start : start + SUMMED]
                total += scaled @ scaled.T
        return total

    def uncentred(self, z: Array) -> tuple[Array, Array]:
        """Split ``z (…, size)`` into θ ``(…, p)`` and the intercept of the table as it was given."""
        theta = z[..., : self.p] / self.unit
        if not self.intercept:
            return theta, np.zeros(z.shape[:-1])
        return theta, z[..., self.p] - theta @ self.offset

    def centred(self, theta: Array, intercept: Array) -> Array:
        """Join θ ``(…, p)`` and the intercept into ``z``; the inverse of `uncentred`."""
        if not self.intercept:
            return np.asarray(theta * self.unit)
        return np.concatenate([theta * self.unit, (intercept + theta @ self.offset)[..., None]], axis=-1)
