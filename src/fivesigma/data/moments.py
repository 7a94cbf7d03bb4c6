"""Minimum, maximum, mean and spread of columns with missing values, a block of rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 8_192  # rows summed together: what fits the cache


def moments(
    X: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return min, max, mean, std and count of the values present in each column of ``X`` (n_samples, n_features).

    Blocks are merged by Chan, Golub & LeVeque (1983), eq. 2.1: with δ the difference of the means,
    ``M₂ = M₂ᵃ + M₂ᵇ + δ² nₐ n_b / n``.
    """
    width = X.shape[1]
    low, high = np.full(width, np.inf), np.full(width, -np.inf)
    n, mean, m2 = np.zeros(width), np.zeros(width), np.zeros(width)
    for start in range(0, len(X), _BLOCK):
        block = np.asarray(X[start : start + _BLOCK], dtype=np.float64)  # sums of float32 lose their digits
        low, high = np.fmin(low, np.fmin.reduce(block)), np.fmax(high, np.fmax.reduce(block))
        n_b, mean_b, m2_b = _sums(block)
        total = np.maximum(n + n_b, 1)
        delta = mean_b - mean
        mean, m2, n = mean + delta * n_b / total, m2 + m2_b + delta**2 * n * n_b / total, n + n_b
    return low, high, mean, np.sqrt(m2 / np.maximum(n, 1)), n.astype(np.int64)


def _sums(block: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return count, mean and sum of squares about it of each column: at once where no value is missing."""
    total = block.sum(axis=0)
    if not np.isnan(total).any():
        mean = total / len(block)
        return np.full(len(total), len(block)), mean, _squares(block - mean)
    absent = np.isnan(block)
    count = len(block) - absent.sum(axis=0)
    mean = np.where(absent, 0.0, block).sum(axis=0) / np.maximum(count, 1)
    return count, mean, _squares(np.where(absent, 0.0, block - mean))


def _squares(values: NDArray[np.float64]) -> NDArray[Any]:
    np.multiply(values, values, out=values)
    return np.asarray(values.sum(axis=0))
