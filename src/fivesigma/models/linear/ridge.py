"""Ridge regression in closed form: one factorisation for every λ and its leave-one-out error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fivesigma.models.linear.design import BLOCK_BYTES

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Table:
    """X, y and w with their weighted means; given out centred and times √w, in blocks."""

    X: NDArray[np.floating]
    y: Array
    w: Array
    mean_x: Array
    mean_y: float
    intercept: bool

    def blocks(self) -> Iterator[tuple[slice, Array, Array]]:
        """Yield ``(rows, √w (X − x̄), √w (y − ȳ))``."""
        step = max(64, BLOCK_BYTES // (8 * max(1, self.X.shape[1])))
        for start in range(0, len(self.y), step):
            rows = slice(start, min(start + step, len(self.y)))
            root = np.sqrt(self.w[rows])
            yield rows, root[:, None] * (self.X[rows] - self.mean_x), root * (self.y[rows] - self.mean_y)


@dataclass(frozen=True, eq=False)
class RidgeFactor:
    """``√w (X − x̄) = U diag(s) Vᵀ`` of numerical rank r, and what else a solution needs.

    The optimum of ``½ Σ w (y − Xθ − b)² + λ ½ ‖θ‖²`` is ``θ = V diag(s / (s² + λ)) Uᵀ √w (y − ȳ)``,
    ``b = ȳ − x̄ᵀθ``. Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, eq. 3.47.
    ``projected`` is ``Uᵀ √w (y − ȳ)``; U itself is made again, block by block, when it is needed.
    """

    s: Array
    V: Array
    projected: Array
    table: _Table

    def solve(self, lambdas: Array) -> tuple[Array, Array]:
        """Return θ ``(L, p)`` and the intercepts ``(L,)`` for λ >= 0 (0: the shortest least squares)."""
        filtered = self.s * self.projected / (self.s**2 + np.asarray(lambdas)[:, None])
        theta: Array = filtered @ self.V.T
        return theta, self.table.mean_y - theta @ self.table.mean_x

    def leave_one_out(self, lambdas: Array) -> Array:
        """Return ``Σ w e_i² / Σ w`` for each λ, e_i the error at event i of the fit without it.

        ``e_i = (y_i − ŷ_i) / (1 − h_i)``, ``h_i = w_i / Σw + Σ_k U_ik² s_k² / (s_k² + λ)``. Allen (1974),
        doi:10.1080/00401706.1974.10489157. An event of weight k is left out as a whole.
        """
        share = self.s**2 / (self.s**2 + np.asarray(lambdas)[:, None])
        w = self.table.w
        total = np.zeros(len(share))
        for rows, X, y in self.table.blocks():
            U = X @ (self.V / self.s)
            h = share @ (U**2).T
            if self.table.intercept:
                h += w[rows] / w.sum()
            error = y - (share * self.projected) @ U.T
            error /= np.maximum(1.0 - h, np.finfo(float).eps)
            total += (error**2).sum(axis=1)
        result: Array = total / w.sum()
        return result


def ridge_factor(X: NDArray[np.floating], y: Array, w: Array, *, intercept: bool = True) -> RidgeFactor:
    """Factorise by QR, block after block, then the SVD of the small triangle: the condition is never squared.

    Parameters
    ----------
    X : (n, p)
    y, w : (n,)
    intercept : bool
        Whether the columns and the target are centred by their weighted means.

    >>> factor = ridge_factor(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 2.0]), np.ones(3))
    >>> [float(part[0].round(3).item()) for part in factor.solve(np.array([2.0]))]
    [0.5, 0.5]
    """
    mean_x = np.asarray(w @ X / w.sum(), dtype=float) if intercept else np.zeros(X.shape[1])
    table = _Table(X, y, w, mean_x, float(w @ y / w.sum()) if intercept else 0.0, intercept)
    return _tall(table) if len(y) > X.shape[1] else _wide(table)


def _kept(s: Array, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = s > np.finfo(float).eps * max(shape) * s.max(initial=0.0)
    return result


def _tall(table: _Table) -> RidgeFactor:
    """The triangle of (X, y), updated by each block."""
    p = table.X.shape[1]
    R = np.zeros((0, p + 1))
    for _, X, y in table.blocks():
        stacked = np.asfortranarray(np.concatenate([R, np.column_stack([X, y])]))
        R = linalg.qr(stacked, mode="r", overwrite_a=True, check_finite=False)[0][: p + 1]
    left, s, right = linalg.svd(R[:, :p], full_matrices=False, check_finite=False)
    kept = _kept(s, table.X.shape)
    return RidgeFactor(s[kept], right[kept].T, left[:, kept].T @ R[:, p], table)


def _wide(table: _Table) -> RidgeFactor:
    """``Xᵀ = QR``, then the SVD of R."""
    parts = list(table.blocks())
    X = np.concatenate([part[1] for part in parts])
    y = np.concatenate([part[2] for part in parts])
    Q, R = linalg.qr(X.T, mode="economic", check_finite=False)
    left, s, right = linalg.svd(R, full_matrices=False, check_finite=False)
    kept = _kept(s, X.shape)
    return RidgeFactor(s[kept], Q @ left[:, kept], right[kept] @ y, table)
