"""Partial dependence: of a line it is the line, and the mean of its curves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression

from fivesigma._core.errors import InputError
from fivesigma.explain import effects
from fivesigma.explain.effects import partial_dependence

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
X[:, 3] = X[:, 1] + 0.3 * X[:, 3]  # a stand-in for the best column
Y = X[:, 0] + 3 * X[:, 1] + 0.1 * RNG.normal(size=240)


def _fit(table, y, w):
    return LinearRegression().fit(table, y, sample_weight=w)


def test_partial_dependence_of_a_line_is_the_line_and_its_curves_average_to_it() -> None:
    w = RNG.integers(1, 3, size=240)
    effect = partial_dependence(_fit(X, Y, None), X, 1, sample_weight=w)
    np.testing.assert_allclose(np.diff(effect.mean) / np.diff(effect.grid), 3, atol=0.1)
    np.testing.assert_allclose(np.average(effect.curves, axis=0, weights=w), effect.mean)
    classes = RandomForestClassifier(10, random_state=0).fit(X, Y > 0)
    share = partial_dependence(classes, X, 1, n_grid=5).mean
    assert share[0] < 0.3
    assert share[-1] > 0.7


def test_a_column_that_is_not_there_and_one_without_values_are_refused() -> None:
    for column in (7, -1, "pt"):
        with pytest.raises(InputError, match="is not there; expected 0 to 3"):
            partial_dependence(_fit(X, Y, None), X, column)
    with pytest.raises(InputError, match="is not fitted"):
        partial_dependence(LinearRegression(), X, 0)
    table = np.where(np.arange(4) == 2, np.nan, X)
    with pytest.raises(InputError, match="all are missing"):
        partial_dependence(_fit(X, Y, None), table, 2)


def test_in_parts_it_is_the_same_and_progress_is_told(monkeypatch) -> None:
    model, told = _fit(X, Y, None), []
    whole = partial_dependence(model, X, 0, n_grid=5)
    monkeypatch.setattr(effects, "_CELLS", 2 * X.size)
    parts = partial_dependence(model, X, 0, n_grid=5, progress=lambda *at: told.append(at))
    assert told == [(2, 5), (4, 5), (5, 5)]
    np.testing.assert_array_equal(whole.curves, parts.curves)


def test_a_given_grid_and_a_given_class_are_taken() -> None:
    model = RandomForestClassifier(10, random_state=0).fit(X, Y > 0)
    grid = [-1.0, 1.0]
    signal, background = (partial_dependence(model, X, 1, grid=grid, klass=k).mean for k in (1, 0))
    np.testing.assert_allclose(signal + background, 1.0)
