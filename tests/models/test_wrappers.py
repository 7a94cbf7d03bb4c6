"""Folds, calibration, early stopping and tuning: what each promises about rows, weights and seeds."""

from __future__ import annotations

import logging

import numpy as np
import optuna
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from fivesigma._core.errors import FitError, InputError
from fivesigma.models.calibrated import Calibrated
from fivesigma.models.fitting import fit_on, probabilities, takes_weights
from fivesigma.models.folds import inner_folds
from fivesigma.models.penalised import PenalisedLeastSquares, PenalisedLogistic
from fivesigma.models.scaled_target import ScaledTarget
from fivesigma.models.spaces import Choice, Range
from fivesigma.models.stopped import EarlyStopped
from fivesigma.models.trees import BoostingClassifier
from fivesigma.models.tuned import Tuned

RNG = np.random.default_rng(1)
X = RNG.normal(size=(200, 3))
Y = (X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * RNG.normal(size=200) > 0).astype(int)
DEPTH = {"max_depth": Range(1, 8, integer=True), "criterion": Choice(("gini", "entropy"))}


def test_folds_are_balanced_and_dealt_by_row_number_whatever_the_values_and_copies() -> None:
    folds = inner_folds(X, Y, n_folds=5, classification=True)
    for code in (0, 1):
        assert np.ptp(np.bincount(folds[code == Y], minlength=5)) <= 1
    for a, b in ((1024.0, 0.0), (1e44, -3e44), (1e-21, 1e-12)):
        np.testing.assert_array_equal(inner_folds(a * X + b, Y, n_folds=5, classification=True), folds)
    np.testing.assert_array_equal(inner_folds(X[::-1], Y, n_folds=5, classification=True), folds)
    copies = np.repeat(np.arange(200), RNG.integers(1, 4, 200))
    np.testing.assert_array_equal(
        inner_folds(X[copies], Y[copies], n_folds=5, classification=True), folds[copies]
    )


def test_groups_stay_whole_and_too_few_rows_are_refused() -> None:
    groups = RNG.integers(0, 9, 200)
    folds = inner_folds(X, Y, n_folds=4, groups=groups, classification=True)
    assert all(len(set(folds[groups == g])) == 1 for g in range(9))
    with pytest.raises(InputError, match="1 sample"):
        inner_folds(np.zeros((4, 1)), Y[:4], n_folds=2, classification=False)


def test_calibrated_probabilities_are_calibrated() -> None:
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(3000, 2))
    truth = 1 / (1 + np.exp(-2 * Z[:, 0]))
    y = (rng.random(3000) < truth).astype(int)
    model = Calibrated(SVC(kernel="linear")).fit(Z[:1500], y[:1500])
    assert np.abs(model.predict_proba(Z[1500:])[:, 1] - truth[1500:]).mean() < 0.03


def test_calibration_obeys_the_law_of_weights() -> None:
    w = RNG.integers(0, 4, 200)
    copies = np.repeat(np.arange(200), w)
    inner = SVC(kernel="linear", tol=1e-10)
    one = Calibrated(inner).fit(X, Y, sample_weight=w.astype(float))
    two = Calibrated(inner).fit(X[copies], Y[copies])
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), atol=1e-6)


def test_three_classes_get_three_probabilities() -> None:
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    p = Calibrated().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert (p.argmax(axis=1) == y).mean() > 0.85


def test_a_class_in_one_row_cannot_be_calibrated() -> None:
    y = np.where(np.arange(200) == 7, 2, Y)
    with pytest.raises(FitError, match="one row or group"):
        Calibrated().fit(X, y)


def test_early_stopping_stops_before_it_overfits() -> None:
    inner = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.3, early_stopping=False)
    model = EarlyStopped(inner).fit(X, Y)
    assert 1 <= model.n_iter_ < 100
    assert model.estimator_.n_iter_ == model.n_iter_


def test_what_stops_early_where_nothing_is_given_is_our_boosting_of_classes() -> None:
    model = EarlyStopped().fit(X, Y)
    assert type(model.estimator_) is BoostingClassifier
    assert model.estimator_.max_iter == model.n_iter_
    w = RNG.integers(1, 4, 200)
    copies = np.repeat(np.arange(200), w)
    weighted, copied = EarlyStopped().fit(X, Y, w), EarlyStopped().fit(X[copies], Y[copies])
    np.testing.assert_allclose(weighted.predict_proba(X), copied.predict_proba(X), rtol=1e-9)


def test_tuning_is_repeatable_keeps_the_best_and_never_loses_to_the_fixed_settings() -> None:
    made = Tuned(DecisionTreeClassifier(random_state=0), DEPTH, trials=12, random_state=3)
    one, two = (
        made.fit(X, Y),
        Tuned(DecisionTreeClassifier(random_state=0), DEPTH, trials=12, random_state=3).fit(X, Y),
    )
    assert one.trials_ == two.trials_
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert len(one.trials_) == 12
    assert one.trials_[0]["params"] == {"criterion": "gini", "max_depth": 8}
    assert one.best_score_ == max(t["score"] for t in one.trials_ if t["state"] == "complete")
    for trial in one.trials_:
        assert all(DEPTH[name].contains(value) for name, value in trial["params"].items())


def test_tuning_leaves_no_trace_outside(caplog) -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    with caplog.at_level(logging.DEBUG):
        Tuned(DecisionTreeClassifier(random_state=0), DEPTH, trials=4).fit(X, Y)
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
    assert "trial" not in caplog.text.lower()
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_a_metric_to_be_lowered_is_lowered() -> None:
    model = Tuned(DecisionTreeClassifier(random_state=0), DEPTH, trials=8, metric="log_loss").fit(X, Y)
    assert model.best_score_ == min(t["score"] for t in model.trials_ if t["state"] == "complete")


def test_a_penalty_chosen_on_folds_grows_with_the_rows_of_the_refit() -> None:
    y = X[:, 0] + RNG.normal(size=200)
    space = {"lam": Range(0.5, 50.0, log=True)}
    plain, scaled = (
        Tuned(PenalisedLeastSquares(lam=1e6), space, trials=5, n_folds=5, extensive=names).fit(X, y)
        for names in ((), ("lam",))
    )
    assert scaled.best_params_["lam"] == pytest.approx(plain.best_params_["lam"] * 5 / 4)
    assert scaled.estimator_.lam == scaled.best_params_["lam"]


class Refuses(RegressorMixin, BaseEstimator):
    """Fails for each setting below a threshold."""

    def __init__(self, level: float = 0.0) -> None:
        self.level = level

    def fit(self, X, y):
        if self.level < 0.5:
            raise ValueError("too low")
        self.inner_ = LinearRegression().fit(X, y)
        return self

    def predict(self, X):
        return self.inner_.predict(X)


def test_a_failing_trial_is_passed_over_and_all_failing_is_one_error() -> None:
    model = Tuned(Refuses(), {"level": Range(0.0, 1.0)}, trials=8).fit(X, X[:, 0])
    assert model.trials_[0]["message"] == "too low"
    assert model.best_params_["level"] >= 0.5
    with pytest.raises(FitError, match="all 3 trials failed; the last one: too low"):
        Tuned(Refuses(), {"level": Range(0.0, 0.4)}, trials=3).fit(X, X[:, 0])


def test_a_scaled_target_changes_no_units() -> None:
    y = 1e9 + 1e6 * X[:, 0]
    np.testing.assert_allclose(ScaledTarget().fit(X, y).predict(X), y, rtol=1e-12)


def test_a_class_not_seen_has_probability_zero() -> None:
    model = PenalisedLogistic().fit(X, np.where(Y == 1, 2, 0))
    p = probabilities(model, X, np.arange(3))
    assert (p[:, 1] == 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0)


def test_weights_reach_who_takes_them() -> None:
    assert takes_weights(PenalisedLogistic())
    assert not takes_weights(Refuses())
    fit_on(Refuses(level=1.0), X, X[:, 0], w=np.ones(200))


def test_ranges() -> None:
    assert not Range(0, 5).contains(True)
    assert Range(0, 5, also=("sqrt", None)).contains(None)
    assert not Range(0, 5).contains("sqrt")
    assert Range(1, 9, integer=True).clipped(3.6) == 4
    assert str(Range(1, 9, integer=True, also=(None,))) == "a whole number from 1 to 9 or none"
    assert not Choice((False, True)).contains(1)
    with pytest.raises(InputError, match="not a range"):
        Range(5, 1)
    with pytest.raises(InputError, match="not a range"):
        Range(0, 1, log=True)
