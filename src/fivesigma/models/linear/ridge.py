"""Ridge regression in closed form: one factorisation for every λ and its leave-one-out error."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fivesigma.models.linear.design import BLOCK_BYTES

Array = NDArray[np.float64]

CLEAR = 1e-4
"""Eigenvalues of the Gram matrix of rows, over the largest, must be above this or lost in rounding."""


@dataclass(frozen=True, eq=False)
class _Table:
    """X, y and w with their weighted means; given out centred and times √w, in blocks."""

    X: NDArray[np.floating]
    y: Array
    w: Array
    mean_x: Array
    mean_y: float
    intercept: bool
    unit: Array

    def target(self, rows: slice) -> Array:
        """Return ``√w (y − ȳ)``."""
        result: Array = np.sqrt(self.w[rows]) * (self.y[rows] - self.mean_y)
        return result

    def blocks(self) -> Iterator[tuple[slice, Array, Array]]:
        """Yield ``(rows, √w (X − x̄) / unit, √w (y − ȳ))``."""
        step = max(64, BLOCK_BYTES // (8 * max(1, self.X.shape[1])))
        for start in range(0, len(self.y), step):
            rows = slice(start, min(start + step, len(self.y)))
            X = (self.X[rows] - self.mean_x) / self.unit
            X *= np.sqrt(self.w[rows])[:, None]
            yield rows, X, self.target(rows)

    def row_gram(self) -> Array:
        """Return ``√w (X − x̄)(X − x̄)ᵀ √w`` (n, n), from blocks of columns."""
        n, p = self.X.shape
        step = max(64, BLOCK_BYTES // (8 * n))
        total, root = np.zeros((n, n)), np.sqrt(self.w)[:, None]
        for start in range(0, p, step):
            columns = slice(start, start + step)
            X = (self.X[:, columns] - self.mean_x[columns]) / self.unit[columns]
            X *= root
            total += X @ X.T
        return total


class _Basis(ABC):
    """What is known of ``√w (X − x̄) = U diag(s) Vᵀ`` beside s."""

    @abstractmethod
    def coefficients(self, filtered: Array) -> Array:
        """Return ``V f`` for each row f of ``filtered``."""

    @abstractmethod
    def left(self) -> Iterator[tuple[slice, Array]]:
        """Yield ``(rows, U)`` of blocks of rows."""


@final
@dataclass(frozen=True, eq=False)
class _Right(_Basis):
    """V is kept; U is made again, block by block."""

    s: Array
    V: Array
    table: _Table

    def coefficients(self, filtered: Array) -> Array:
        result: Array = filtered @ self.V.T
        return result

    def left(self) -> Iterator[tuple[slice, Array]]:
        scaled = self.V / self.s
        for rows, X, _ in self.table.blocks():
            yield rows, X @ scaled


@final
@dataclass(frozen=True, eq=False)
class _Left(_Basis):
    """U is kept; ``V f = (X − x̄)ᵀ √w U (f / s)`` needs no V."""

    s: Array
    U: Array
    table: _Table

    def coefficients(self, filtered: Array) -> Array:
        table = self.table
        alpha = (filtered / self.s) @ self.U.T * np.sqrt(table.w)
        result: Array = (alpha @ table.X - np.outer(alpha.sum(axis=1), table.mean_x)) / table.unit
        return result

    def left(self) -> Iterator[tuple[slice, Array]]:
        yield slice(0, len(self.U)), self.U


@dataclass(frozen=True, eq=False)
class RidgeFactor:
    """``√w (X − x̄) = U diag(s) Vᵀ`` of numerical rank r, and what else a solution needs.

    The optimum of ``½ Σ w (y − Xθ − b)² + λ ½ ‖θ‖²`` is ``θ = V diag(s / (s² + λ)) Uᵀ √w (y − ȳ)``,
    ``b = ȳ − x̄ᵀθ``. Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, eq. 3.47.
    ``projected`` is ``Uᵀ √w (y − ȳ)``; ``basis`` holds U or V, whichever is smaller.
    """

    s: Array
    projected: Array
    basis: _Basis
    table: _Table

    def solve(self, lambdas: Array) -> tuple[Array, Array]:
        """Return θ ``(L, p)`` and the intercepts ``(L,)`` for λ >= 0 (0: the shortest least squares).

        What is short, and what λ weighs, are coefficients per ``unit`` of each column.
        """
        filtered = self.s * self.projected / (self.s**2 + np.asarray(lambdas)[:, None])
        theta = self.basis.coefficients(filtered) / self.table.unit
        return theta, self.table.mean_y - theta @ self.table.mean_x

    def leave_one_out(self, lambdas: Array) -> Array:
        """Return ``Σ w e_i² / Σ w`` for each λ, e_i the error at event i of the fit without it.

        ``e_i = (y_i − ŷ_i) / (1 − h_i)``, ``h_i = w_i / Σw + Σ_k U_ik² s_k² / (s_k² + λ)``. Allen (1974),
        doi:10.1080/00401706.1974.10489157. An event of weight k is left out as a whole.
        """
        share = self.s**2 / (self.s**2 + np.asarray(lambdas)[:, None])
        w = self.table.w
        total = np.zeros(len(share))
        for rows, U in self.basis.left():
            h = share @ (U**2).T
            if self.table.intercept:
                h += w[rows] / w.sum()
            error = self.table.target(rows) - (share * self.projected) @ U.T
            error /= np.maximum(1.0 - h, np.finfo(float).eps)
            total += (error**2).sum(axis=1)
        result: Array = total / w.sum()
        return result


def ridge_factor(
    X: NDArray[np.floating], y: Array, w: Array, *, intercept: bool = True, unit: Array | None = None
) -> RidgeFactor:
    """Factorise once for every λ, in blocks, so that the condition is not squared where it matters.

    More events than features: QR, then the SVD of the triangle. Fewer: the eigenvectors of the Gram matrix of
    the rows where its eigenvalues are far from the rounding of the largest, else QR and SVD as well.

    Parameters
    ----------
    X : (n, p)
    y, w : (n,)
    intercept : bool
        Whether the columns and the target are centred by their weighted means.
    unit : (p,), optional
        What each column is divided by; 1 by default.

    >>> factor = ridge_factor(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 2.0]), np.ones(3))
    >>> [float(part[0].round(3).item()) for part in factor.solve(np.array([2.0]))]
    [0.5, 0.5]
    """
    mean_x = np.asarray(w @ X / w.sum(), dtype=float) if intercept else np.zeros(X.shape[1])
    mean_y = float(w @ y / w.sum()) if intercept else 0.0
    table = _Table(X, y, w, mean_x, mean_y, intercept, np.ones(X.shape[1]) if unit is None else unit)
    if len(y) > X.shape[1]:
        return _tall(table)
    return _by_rows(table) or _wide(table)


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
    basis = _Right(s[kept], right[kept].T, table)
    return RidgeFactor(s[kept], left[:, kept].T @ R[:, p], basis, table)


def _by_rows(table: _Table) -> RidgeFactor | None:
    """``√w (X − x̄)(X − x̄)ᵀ √w = U diag(s²) Uᵀ``; None where small s would be lost in the rounding of s²."""
    e, U = np.linalg.eigh(table.row_gram())
    top = float(e.max(initial=0.0))
    null = e <= 10.0 * np.finfo(float).eps * max(table.X.shape) * top
    if np.any(~null & (e < CLEAR * top)):
        return None
    s, U = np.sqrt(e[~null]), np.ascontiguousarray(U[:, ~null])
    return RidgeFactor(s, U.T @ table.target(slice(None)), _Left(s, U, table), table)


def _wide(table: _Table) -> RidgeFactor:
    """``Xᵀ = QR``, then the SVD of R."""
    parts = list(table.blocks())
    X = np.concatenate([part[1] for part in parts])
    y = np.concatenate([part[2] for part in parts])
    Q, R = linalg.qr(X.T, mode="economic", check_finite=False)
    left, s, right = linalg.svd(R, full_matrices=False, check_finite=False)
    kept = _kept(s, X.shape)
    return RidgeFactor(s[kept], right[kept] @ y, _Right(s[kept], Q @ left[:, kept], table), table)
