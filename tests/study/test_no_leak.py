"""A spy in front of every model: no row is ever scored by something fitted on it, in any code path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from fivesigma.features.plan import FeaturePlan
from fivesigma.study.fit import recipe
from fivesigma.study.fit.inside import pipeline_of

PAIRS: list[tuple[frozenset[int], frozenset[int]]] = []  # (rows fitted, rows scored), in the order of scoring
N = 120
PLAN = FeaturePlan(("row", "a", "b"))


class Spy(TransformerMixin, BaseEstimator):
    """Passes the table on; notes the rows (column 0) it was fitted to and those it is asked about later."""

    def fit(self, X: Any, y: Any = None) -> Spy:
        self.rows_ = frozenset(int(row) for row in X[:, 0])
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        self.fit(X)
        return X

    def transform(self, X: Any) -> Any:
        PAIRS.append((self.rows_, frozenset(int(row) for row in X[:, 0])))
        return X


def _innermost(estimator: Any) -> Pipeline:
    while not isinstance(estimator, Pipeline):
        estimator = estimator.estimator
    return estimator


def _spied(estimator: Any) -> Any:
    _innermost(estimator).steps.insert(0, ("spy", Spy()))
    return estimator


@pytest.fixture(autouse=True)
def _fresh() -> None:
    PAIRS.clear()


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    X = np.column_stack([np.arange(N), rng.normal(size=(N, 2))])
    groups = rng.permutation(np.arange(N) % 30)
    return X, (X[:, 1] + 0.5 * rng.normal(size=N) > 0).astype(np.int64), groups


def _disjoint(groups: np.ndarray | None = None) -> None:
    assert PAIRS
    for fitted, scored in PAIRS:
        assert not fitted & scored
        if groups is not None:
            assert not set(groups[list(fitted)]) & set(groups[list(scored)])


def _scored() -> list[int]:
    return sorted(row for _, scored in PAIRS for row in scored)


CASES = {
    "calibration": ({"kind": "svm"}, 1),
    "tuning": ({"kind": "tree", "tune": {"min_samples_leaf": [1, 60]}, "trials": 3}, 3),
    "tuning and calibration": ({"kind": "svm", "tune": {"C": [0.1, 10.0]}, "trials": 2}, None),
    "early stopping": ({"kind": "boosting", "params": {"early_stopping": True, "max_iter": 5}}, None),
}


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_what_happens_inside_a_fit(name, grouped, table) -> None:
    X, y, groups = table
    settings, times = CASES[name]
    estimator = _spied(recipe.build(features=PLAN, task="classification", seed=1, **settings))
    if name == "tuning":
        estimator.set_params(stop=False)
    given = np.flatnonzero(
        groups < 24
    )  # whole groups: the folds of the study are the lead's, those inside are ours
    fitted = recipe.fit(estimator, X[given], y[given], groups=groups[given] if grouped else None)
    _disjoint(groups if grouped else None)
    assert set(_scored()) <= set(given.tolist())
    if times is not None:  # nothing is stopped early: each row given is scored once a trial
        assert _scored() == sorted(given.tolist() * times)
    refit = [set(step.rows_) for step in [pipeline_of(fitted.estimator).named_steps["spy"]]]
    assert refit == [set(given.tolist())]


def test_a_row_and_its_copies_share_an_inner_fold(table) -> None:
    X, y, _ = table
    X, y = np.vstack([X, X[:40]]), np.concatenate([y, y[:40]])
    for settings, _ in CASES.values():
        recipe.fit(_spied(recipe.build(features=PLAN, task="classification", **settings)), X, y)
    _disjoint()


@pytest.mark.parametrize("kind", ["logistic", "knn", "forest", "svm"])
def test_folds_final_fit_and_refit_score_rows_they_have_not_seen(kind, table) -> None:
    X, y, _ = table
    params = {"n_estimators": 5} if kind == "forest" else {}
    rng = np.random.default_rng(0)
    train, test = np.arange(90), np.arange(90, N)
    tasks = [(train[train % 5 != k], train[train % 5 == k]) for k in range(5)]
    tasks += [(train, test), (rng.choice(train, len(train)), test)]
    for fit_rows, scored_rows in tasks:
        made = _spied(recipe.build(kind, features=PLAN, task="classification", params=params))
        fitted = recipe.fit(made, X[fit_rows], y[fit_rows])
        recipe.predict(fitted.estimator, X[scored_rows], 2)
        assert PAIRS[-1] == (frozenset(fit_rows.tolist()), frozenset(scored_rows.tolist()))
    _disjoint()


def test_a_users_classifier_without_probabilities_is_calibrated_on_held_out_rows(table) -> None:
    X, y, _ = table
    fitted = recipe.fit(_spied(recipe.build_user(LinearSVC(), features=PLAN, task="classification")), X, y)
    _disjoint()
    assert _scored() == list(range(N))
    assert recipe.predict(fitted.estimator, X, 2).shape == (N, 2)


def test_preprocessing_statistics_come_from_the_fitted_rows_only(table) -> None:
    X, y, _ = table
    far = X.copy()
    far[90:, 1:] = 1e6
    far[95, 1] = np.nan
    made = recipe.build("logistic", features=FeaturePlan(PLAN.names, missing="impute"), task="classification")
    one, two = (recipe.fit(made, Z[:90], y[:90]).estimator for Z in (X, far))
    np.testing.assert_array_equal(recipe.predict(one, X[:90], 2), recipe.predict(two, X[:90], 2))


def test_the_spy_sees_a_leak(table) -> None:
    """scikit-learn's calibration behind a transformer: the transformer has met every held-out row."""
    X, y, _ = table
    leaky = Pipeline([("spy", Spy()), ("model", CalibratedClassifierCV(LinearSVC(), cv=3))])
    recipe.fit(leaky, X, y)
    assert _scored() == []  # nothing was held out from it: the completeness asserted above fails here
    leaky = recipe.build("svm", features=PLAN, task="classification")
    fitted = recipe.fit(_spied(leaky), X, y)
    recipe.predict(fitted.estimator, X[:10], 2)
    PAIRS[:-1] = []  # the last one scored rows of the fit
    with pytest.raises(AssertionError):
        _disjoint()
