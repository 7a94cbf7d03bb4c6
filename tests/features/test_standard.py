"""Standard scores: NumPy's where nothing is extreme, and sound where squares are not."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.features.standard import StandardScores

RNG = np.random.default_rng(0)
X = RNG.normal(3.0, 2.0, size=(50, 3))


def test_scores_have_mean_zero_and_deviation_one() -> None:
    made = StandardScores().fit(X)
    np.testing.assert_allclose(made.transform(X), (X - X.mean(axis=0)) / X.std(axis=0), atol=1e-12)
    np.testing.assert_allclose(made.mean_, X.mean(axis=0))
    np.testing.assert_allclose(made.scale_, X.std(axis=0))
    np.testing.assert_allclose(made.inverse_transform(made.transform(X)), X)
    assert made.get_feature_names_out(["a", "b", "c"]).tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("unit", [1e-300, 1e150, 1e300])
def test_where_a_square_would_not_fit_the_scores_are_the_same(unit) -> None:
    np.testing.assert_allclose(
        StandardScores().fit_transform(unit * X), StandardScores().fit_transform(X), rtol=1e-9
    )


def test_gaps_stay_gaps_and_a_constant_column_is_zero() -> None:
    table = np.array([[np.nan, 5.0], [1.0, 5.0], [3.0, 5.0]])
    np.testing.assert_allclose(StandardScores().fit_transform(table), [[np.nan, 0], [-1, 0], [1, 0]])
    assert StandardScores().fit(table).scale_[1] == 1.0


@pytest.mark.parametrize("w", [[1.0, 0.0, 2.0], [1.0, 1.0, 1.0]])
def test_a_weight_of_k_is_k_copies(w) -> None:
    rows, copies = X[:3], np.repeat(X[:3], np.array(w, dtype=int), axis=0)
    weighed = StandardScores().fit(rows, sample_weight=w)
    np.testing.assert_allclose(weighed.transform(X), StandardScores().fit(copies).transform(X), rtol=1e-12)
