"""Populations in fixed numbers with their means and widths, and shapes of equal size."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.simulate.populations import Populations, Shapes
from fivesigma.simulate.tables import draw


def test_numbers_are_exact_and_moments_right():
    table = draw("populations", seed=3)
    x, population = table.columns["x"], table.columns["population"]
    assert np.bincount(population).tolist() == [2000, 2000, 600]
    for k, mean in enumerate((0.0, 5.0, 9.0)):
        mine = x[population == k]
        assert abs(mine.mean() - mean) < 4 / len(mine) ** 0.5
        assert abs(mine.std() - 1.0) < 4 / (2 * len(mine)) ** 0.5


def test_shapes_are_a_quarter_each_and_moons_have_radius_one():
    table = Shapes(noise=0.0).table(400, np.random.default_rng(0))
    shape = table.columns["shape"]
    assert sorted(map(int, np.unique(shape, return_counts=True)[1])) == [100] * 4
    moon = shape == "moon 1"
    radius = np.hypot(table.columns["x"][moon], table.columns["y"][moon])
    np.testing.assert_allclose(radius, 1.0)


@pytest.mark.parametrize(
    "settings", [{"shares": (1.0,)}, {"sigmas": (1.0, 0.0, 1.0)}, {"shares": (1.0, -1.0, 1.0)}]
)
def test_impossible_populations_are_refused(settings):
    with pytest.raises(InputError, match="one of each"):
        Populations(**settings)


def test_impossible_noise_is_refused():
    with pytest.raises(InputError, match="noise"):
        Shapes(noise=-1.0)
