"""A recipe is built from names, fitted to the rows it is given and no other, and fails in a sentence."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, Ridge, RidgeClassifier

from fivesigma._core.errors import FitError, InputError
from fivesigma.features.plan import FeaturePlan
from fivesigma.features.reduction import steps_of
from fivesigma.models.per_target import PerTarget
from fivesigma.study.fit import recipe

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=90)
LABELS = (Y > 0).astype(int)
PLAN = FeaturePlan(("a", "b", "c"))
IMAGES = FeaturePlan(("a",), kind="image")


class Failing(RegressorMixin, BaseEstimator):
    """Fails, warns or says what no number is, as it is asked."""

    def __init__(self, error=None, says=0.0, random_state=None):
        self.error, self.says, self.random_state = error, says, random_state

    def fit(self, X, y):
        if self.error is not None:
            raise self.error
        for _ in range(2):
            self.fitted_ = True
            warnings.warn("it is slow\nvery", ConvergenceWarning, stacklevel=1)
        return self

    def predict(self, X):
        if isinstance(self.says, Exception):
            raise self.says
        return np.full(len(X), self.says)


def own(estimator, task="regression", **settings):
    return recipe.build_user(estimator, features=PLAN, task=task, **settings)


@pytest.mark.parametrize(
    "error", [ValueError("odd\nmore"), TypeError("odd"), KeyError("odd"), ZeroDivisionError("odd")]
)
def test_whatever_goes_wrong_in_a_fit_is_one_sentence(error):
    with pytest.raises(FitError, match=r"the fit failed: .?odd.?$"):
        recipe.fit(own(Failing(error)), X, Y)
    with pytest.raises(FitError, match="one of ours"):
        recipe.fit(own(Failing(InputError("one of ours"))), X, Y)


def test_warnings_are_kept_once_and_tell_of_convergence():
    found = recipe.fit(own(Failing()), X, Y)
    assert (found.messages, found.converged) == (("it is slow",), False)
    assert recipe.fit(own(LinearRegression()), X, Y).converged is not False


def test_what_is_no_prediction_is_refused():
    for says, words in (
        (np.nan, "not finite"),
        (ValueError("odd"), "no prediction: odd"),
        (FitError("mine"), "mine"),
    ):
        fitted = recipe.fit(own(Failing(says=says)), X, Y).estimator
        with pytest.raises(FitError, match=words):
            recipe.predict(fitted, X)


def test_rows_of_no_weight_are_not_there_and_a_scale_of_weights_is_nothing():
    made = recipe.build("ridge", features=PLAN, task="regression", params={"lambda": 1.0})
    w = np.where(np.arange(90) < 60, 1.0, 0.0)
    some = recipe.predict(recipe.fit(made, X[:60], Y[:60]).estimator, X)
    np.testing.assert_allclose(recipe.predict(recipe.fit(made, X, Y, 1e9 * w).estimator, X), some, rtol=1e-9)
    with pytest.raises(FitError, match="all weights of the training rows are zero"):
        recipe.fit(made, X, Y, np.zeros(90))
    with pytest.raises(FitError, match="the target"):
        recipe.fit(made, X, 1e200 * Y)
    with pytest.raises(FitError, match="the weights"):
        recipe.fit(made, X, Y, np.full(90, 1e200))


def test_a_class_that_the_fit_has_not_seen_has_no_probability():
    made = recipe.build("logistic", features=PLAN, task="classification")
    found = recipe.predict(recipe.fit(made, X, LABELS).estimator, X, 3)
    assert found.shape == (90, 3)
    assert (found[:, 2] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_what_cannot_be_together_is_refused_before_a_fit():
    with pytest.raises(InputError, match="both fixed and tuned"):
        recipe.build(
            "tree", features=PLAN, task="regression", params={"max_depth": 2}, tune={"max_depth": [1, 3]}
        )
    reduced = FeaturePlan(("a", "b", "c"), reductions=steps_of(({"kind": "pca", "n": [1, 3]},)))
    with pytest.raises(InputError, match="fitted as a path"):
        recipe.build("poisson", features=reduced, task="regression")
    with pytest.raises(InputError, match="fitted as a path"):
        recipe.build("poisson", features=PLAN, task="regression", tune=True)


def test_what_is_fixed_is_not_searched_and_what_is_left_of_columns_is():
    made = recipe.build("tree", features=PLAN, task="regression", params={"max_depth": 2}, tune=True)
    assert not any("max_depth" in name for name in made.space)
    reduced = FeaturePlan(("a", "b", "c"), reductions=steps_of(({"kind": "pca", "n": [1, 3]},)))
    assert list(recipe.build("linear", features=reduced, task="regression").space) == ["pca__n"]


def test_several_targets_are_fitted_together_where_the_kind_can_and_apart_where_not():
    several = np.column_stack([Y, -Y])
    together = recipe.build("forest", features=PLAN, task="regression", n_targets=2)
    apart = recipe.build("boosting", features=PLAN, task="regression", n_targets=2)
    assert (isinstance(together, PerTarget), isinstance(apart, PerTarget)) == (False, True)
    assert recipe.predict(recipe.fit(together, X, several).estimator, X).shape == (90, 2)
    assert isinstance(own(Ridge(), n_targets=2), PerTarget) is False
    assert isinstance(own(Failing(), n_targets=2), PerTarget)


def test_an_estimator_of_the_users_gets_the_seed_and_probabilities():
    assert own(Failing(), seed=7)[-1].random_state == 7
    assert own(Failing(random_state=3), seed=7)[-1].random_state == 3
    calibrated = recipe.fit(own(RidgeClassifier(), "classification"), X, LABELS).estimator
    found = recipe.predict(calibrated, X, 2)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found.argmax(axis=1) == LABELS).mean() > 0.9


@pytest.mark.parametrize(
    ("estimator", "task", "words"),
    [
        (Ridge, "regression", "is a class; give an instance"),
        (3, "regression", "is no estimator"),
        (Ridge(), "classification", "does not do classification"),
        (Ridge(), "clustering", "does not do clustering"),
    ],
)
def test_what_is_no_estimator_of_the_task_is_refused(estimator, task, words):
    with pytest.raises(InputError, match=words):
        own(estimator, task)


def test_a_clustering_of_the_users_is_fitted_without_a_target():
    fitted = recipe.fit(own(KMeans(2, n_init=1), "clustering"), X).estimator
    assert set(fitted[-1].labels_) == {0, 1}


class Flat(ClassifierMixin, BaseEstimator):
    """What it is given, as it is given."""

    def fit(self, X, y):
        self.seen_, self.classes_ = X, np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def test_images_reach_an_estimator_untouched():
    images = RNG.normal(size=(90, 1, 3, 3))
    images[0, 0, 0, 0] = np.nan
    made = recipe.build_user(Flat(), features=IMAGES, task="classification")
    np.testing.assert_array_equal(recipe.fit(made, images, LABELS).estimator[-1].seen_, images)
