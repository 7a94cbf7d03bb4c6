"""Moments by blocks are those of NumPy over what is there, wherever the column lies."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.moments import moments


@pytest.mark.parametrize("n", [1, 7, 8_192, 20_001])
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_moments_equal_numpy(n: int, offset: float) -> None:
    X = np.random.default_rng(n).normal(size=(n, 3)) + offset
    X[:, 1][::3] = np.nan
    low, high, mean, std, count = moments(X)
    there = [column[~np.isnan(column)] for column in X.T]
    assert count.tolist() == [len(values) for values in there]
    for i, values in enumerate(there):
        if len(values):
            assert (low[i], high[i]) == (values.min(), values.max())
            assert mean[i] == pytest.approx(values.mean(), rel=1e-12)
            assert std[i] == pytest.approx(values.std(), rel=1e-6, abs=1e-12)


def test_a_column_without_values() -> None:
    low, high, _, std, count = moments(np.full((3, 1), np.nan))
    assert (count[0], std[0], low[0], high[0]) == (0, 0.0, np.inf, -np.inf)
