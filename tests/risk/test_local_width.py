"""Widths that follow the prediction: they keep the level of all events, and come near it for the large ones."""

from __future__ import annotations

import json

import numpy as np

from fivesigma.risk.conformal import DENSE, ConformalIntervals
from fivesigma.risk.local_width import LocalWidth


def drawn(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    f = np.exp(0.6 * rng.normal(size=n))
    return f, f * (1 + 0.2 * rng.normal(size=n))


def held(n: int, seed: int, width: bool) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    (f, y), (g, z) = drawn(n, rng), drawn(2000, rng)
    found = LocalWidth.of(f, y, np.ones(n), units=n if width else 1)
    ends = ConformalIntervals.calibrated(found.law(f), y, np.ones(n), None, DENSE).at(found.law(g), 0.68)
    inside = (ends[:, 0] <= z) & (z <= ends[:, 1])
    return float(inside.mean()), float(inside[g > np.quantile(g, 0.75)].mean())


def test_the_level_is_kept_and_that_of_large_predictions_comes_near_it() -> None:
    local = np.mean([held(200, seed, True) for seed in range(40)], axis=0)
    one = np.mean([held(200, seed, False) for seed in range(40)], axis=0)
    assert abs(local[0] - 0.68) < 0.015
    assert one[1] < 0.5 < 0.6 < local[1]


def test_copies_weights_and_units() -> None:
    f, y = drawn(300, np.random.default_rng(1))
    k = np.arange(300) % 3
    one = LocalWidth.of(f, y, k.astype(float), units=200)
    copies = LocalWidth.of(np.repeat(f, k), np.repeat(y, k), np.ones(k.sum()), units=200)
    other = LocalWidth.of(7 * f, 7 * y, 5.0 * k, units=200)
    grid = np.linspace(0, 6, 40)
    np.testing.assert_allclose(copies.at(grid), one.at(grid), rtol=1e-9)
    np.testing.assert_allclose(other.at(7 * grid), 7 * one.at(grid), rtol=1e-9)
    kept = LocalWidth.from_document(json.loads(json.dumps(one.to_document())))
    np.testing.assert_array_equal(kept.at(grid), one.at(grid))


def test_one_value_for_all_has_one_width() -> None:
    found = LocalWidth.of(np.zeros(500), np.tile([-1.0, 3.0], 250), np.ones(500), units=500)
    np.testing.assert_allclose(found.at(np.array([-5.0, 0.0, 9.0])), 2.0)
