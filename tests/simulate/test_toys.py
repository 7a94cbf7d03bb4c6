"""Toy sets: shapes that are what they are called, a cube whose other columns say nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from fivesigma._core.errors import InputError
from fivesigma.simulate.catalogue import system
from fivesigma.simulate.tables import draw
from fivesigma.simulate.toys import Cube, Toys, distance_contrast

SHAPES = ("moons", "circles", "linear", "blobs", "varied", "anisotropic", "uniform")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_a_table_of_two_columns_and_its_classes(shape) -> None:
    table = draw("toys", n=300, seed=1, settings={"shape": shape})
    assert (list(table.columns), table.target, table.features) == (["x", "y", "label"], "label", ("x", "y"))
    counts = np.bincount(table.columns["label"])
    assert len(counts) == (2 if shape in ("moons", "circles", "linear") else 3)
    assert counts.min() > 60


def line_and_neighbours(shape: str) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    (X, y), (V, v) = (Toys(shape, noise=0.1).sample(n, rng) for n in (800, 800))
    return LogisticRegression().fit(X, y).score(V, v), KNeighborsClassifier(9).fit(X, y).score(V, v)


def test_a_line_parts_only_what_a_line_can_part() -> None:
    assert line_and_neighbours("linear")[0] > 0.99
    line, neighbours = line_and_neighbours("circles")
    assert line < 0.65
    assert neighbours > 0.98
    line, neighbours = line_and_neighbours("moons")
    assert line < 0.93
    assert neighbours > 0.98
    assert line_and_neighbours("blobs")[1] > 0.99
    assert line_and_neighbours("uniform")[1] < 0.45


def test_only_two_columns_of_the_cube_matter_and_distances_concentrate() -> None:
    X, y = Cube(6).sample(20_000, np.random.default_rng(0))
    moved = X.copy()
    moved[:, 2:] = 0.0
    assert (y == (moved[:, 0] ** 2 + moved[:, 1] ** 2 < 2 / np.pi)).all()
    correlations = [abs(np.corrcoef(X[:, j], y)[0, 1]) for j in range(6)]
    assert min(correlations[:2]) > 0.4
    assert max(correlations[2:]) < 0.03
    contrast = [distance_contrast(d, 200, np.random.default_rng(0)) for d in (2, 8, 64, 512)]
    assert contrast == sorted(contrast, reverse=True)
    assert contrast[-1] < 0.3 < contrast[0]


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("toys", {"shape": "moon"}, "Did you mean 'moons'"),
        ("toys", {"noise": -1}, "noise = -1.0 is not possible"),
        ("cube", {"d": 1}, "at least 2"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(name, settings, message) -> None:
    with pytest.raises(InputError, match=message):
        system(name, settings)
