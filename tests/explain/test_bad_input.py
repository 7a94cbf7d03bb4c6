"""What a user can get wrong when asking what a model leans on: one sentence each."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from fivesigma._core.errors import FivesigmaError
from fivesigma.explain import drop_best, partial_dependence, permutation_importance
from fivesigma.risk.generalisation import bias_variance

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
Y = X[:, 0]
MODEL = LinearRegression().fit(X, Y)
FOLDS = [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(20))]


def _fit(table, target, weights):
    return LinearRegression().fit(table, target)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: permutation_importance(MODEL, X, Y, "r2", rng=0), "rng is 0; expected a generator"),
        (lambda: permutation_importance(MODEL, X, Y, "r2", rng=None), "rng is None"),
        (
            lambda: permutation_importance(MODEL, X, Y, "r2", rng=RNG, groups=[0, 1]),
            "expected lists of columns",
        ),
        (lambda: permutation_importance(MODEL, X, Y, np.mean, rng=RNG), "expected the name of a metric"),
        (lambda: partial_dependence(MODEL, X, "pt"), "column 'pt' is not there; expected 0 to 1"),
        (lambda: drop_best(_fit, X, Y, "r2", folds=FOLDS, rng=7), "rng is 7"),
        (
            lambda: drop_best(_fit, X[:, :1], Y, "r2", folds=FOLDS, rng=RNG),
            "the only column cannot be dropped",
        ),
        (lambda: bias_variance(MODEL, X, Y, X, Y, n_rounds=5, rng=3), "rng is 3"),
    ],
)
def test_what_is_wrong_is_one_sentence(call, expected):
    with pytest.raises(FivesigmaError) as caught:
        call()
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
