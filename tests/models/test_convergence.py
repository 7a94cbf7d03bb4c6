"""Has a fit converged: read from attributes, from the outside in, and never from a word."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from fivesigma.features.plan import FeaturePlan
from fivesigma.models.calibrated import Calibrated
from fivesigma.models.convergence import converged, listened
from fivesigma.models.linear import LinearRegressor, RegularisationPath
from fivesigma.models.linear.folded import FoldedPath
from fivesigma.models.mixtures.clusterer import Clusterer
from fivesigma.models.penalised import PenalisedLeastSquares, PenalisedLogistic
from fivesigma.models.scaled_target import ScaledTarget
from fivesigma.models.spaces import Range
from fivesigma.models.tuned import Tuned
from fivesigma.risk.losses import Logistic
from fivesigma.risk.penalties import L1

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = X @ [2.0, 1.0, 0.0] + RNG.normal(size=120)
APART = (X[:, 0] > 0).astype(int)
HASTY = PenalisedLeastSquares(lam=None, l1_ratio=0.5, relative=1e-6, tol=1e-16, max_iter=1)


def quietly(model, y=Y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


@pytest.mark.parametrize(
    ("model", "y", "answer"),
    [
        (LinearRegressor(), Y, True),
        (LinearRegressor(tol=1e-300), Y, False),
        (PenalisedLeastSquares(), Y, True),
        (HASTY, Y, False),
        (PenalisedLogistic(), APART, True),
        (PenalisedLogistic(lam=1e-12), APART, False),
        (PenalisedLogistic(lam=1e-12), (Y > 0).astype(int), True),
        (PenalisedLogistic(lam=1e-12), np.digitize(X[:, 0], [-0.5, 0.5]), False),
        (DecisionTreeRegressor(), Y, None),
        (GaussianMixture(2, max_iter=1, tol=1e-12, random_state=0), Y, False),
        (Clusterer(GaussianMixture(2, max_iter=1, tol=1e-12, random_state=0), None), Y, False),
        (Clusterer(GaussianMixture(1), None), Y, True),
        (ScaledTarget(HASTY), Y, False),
        (ScaledTarget(DecisionTreeRegressor()), Y, None),
        (Pipeline([("scale", StandardScaler()), ("model", HASTY)]), Y, False),
        (Calibrated(PenalisedLogistic(lam=1e-12)), APART, False),
        (Tuned(PenalisedLogistic(), {"lam": Range(1e-13, 1e-12, log=True)}, trials=2), APART, False),
        (FoldedPath(RegularisationPath(Logistic(), None, [1.0])), APART, False),
        (FoldedPath(RegularisationPath(Logistic(), L1(), [10.0, 1.0])), APART, True),
    ],
)
def test_the_answer_is_the_same_from_every_wrapper(model, y, answer):
    assert converged(quietly(model, y)) is answer


def test_a_path_of_classes_fitted_one_by_one_converges_only_if_all_do():
    from fivesigma.models.linear import LinearClassifier
    from fivesigma.risk.losses import SquaredHinge

    y = np.digitize(Y, [-1.0, 1.0])
    tight = LinearClassifier(SquaredHinge(), tol=1e-300)
    assert converged(quietly(tight, y)) is False
    assert converged(quietly(LinearClassifier(SquaredHinge()), y)) is True
    assert converged(quietly(RegularisationPath(SquaredHinge(), tol=1e-300, lambdas=[1.0]), y)) is False


def test_warnings_are_heard_and_passed_on():
    def fit():
        warnings.warn("slow", ConvergenceWarning, stacklevel=1)
        warnings.warn("odd", UserWarning, stacklevel=1)
        return "fitted"

    with pytest.warns(ConvergenceWarning, match="slow"), pytest.warns(UserWarning, match="odd"):
        assert listened(fit) == ("fitted", False)


class OfAUser(RegressorMixin, BaseEstimator):
    def __init__(self, category=UserWarning):
        self.category = category

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        warnings.warn("all of the 12 steps converged on nothing", self.category, stacklevel=1)
        return self

    def predict(self, X):
        return np.zeros(len(X))


@pytest.mark.parametrize(("category", "answer"), [(UserWarning, None), (ConvergenceWarning, False)])
def test_a_word_in_a_message_means_nothing_and_the_category_of_a_warning_does(category, answer):
    from fivesigma.study.fit import recipe

    plan = FeaturePlan(names=("a", "b", "c"))
    model = recipe.build_user(OfAUser(category), features=plan, task="regression")
    assert recipe.fit(model, X, Y).converged is answer
