"""Losses of one's own by scipy.optimize, gradient descent, and the choice of λ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from fivesigma._core.errors import InputError
from fivesigma.models.linear import (
    GradientDescent,
    LinearClassifier,
    LinearRegressor,
    RegularisationPath,
    select_by_folds,
    select_from_scores,
)
from fivesigma.models.linear.design import Design
from fivesigma.models.linear.estimators import plain_bfgs
from fivesigma.models.linear.problem import make_problem
from fivesigma.risk.losses import Huber, Logistic, Squared
from fivesigma.risk.penalties import L1, L2, GroupL1


@dataclass(frozen=True)
class LogCosh:
    factor: float = 1.0

    def value(self, prediction, target):
        return np.logaddexp(prediction - target, target - prediction) - np.log(2.0)

    def slope(self, prediction, target):
        return self.factor * np.tanh(prediction - target)


def table(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 6))
    return X, X @ [2, -1, 0, 0, 1, 0] + rng.normal(size=200)


def test_a_loss_of_ones_own_is_minimised_and_certified():
    X, y = table()
    model = LinearRegressor(LogCosh(), L2(), 2.0).fit(X, y)
    r = np.tanh(X @ model.coef_ + model.intercept_ - y)
    assert np.abs(X.T @ r + 2.0 * model.coef_).max() <= 1e-8 * 300
    assert model.violation_ <= 1e-8
    plain = LinearRegressor(lambda f, t: np.log(np.cosh(f - t)), L2(), 2.0, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(plain.coef_, model.coef_, atol=1e-7)


@pytest.mark.parametrize("factor", [0.99, 1.01, -1.0])
def test_a_slope_wrong_by_one_percent_is_refused_by_name(factor):
    X, y = table()
    with pytest.raises(InputError, match="the slope of LogCosh"):
        LinearRegressor(LogCosh(factor), L2(), 1.0).fit(X, y)


@pytest.mark.filterwarnings("ignore:.*did not reach tol")
@pytest.mark.parametrize("solver", ["L-BFGS-B", "trust-constr"])
def test_zeros_are_exact_by_bounds_and_not_by_plain_bfgs(solver):
    X, y = table()
    lam = 60.0
    path = LinearRegressor(Squared(), L1(), lam, tol=1e-11).fit(X, y)
    bounded = LinearRegressor(Squared(), L1(), lam, solver=solver, tol=1e-6).fit(X, y)
    np.testing.assert_allclose(bounded.coef_, path.coef_, atol=1e-5)
    assert 0 < (path.coef_ == 0).sum() < 6
    if solver == "L-BFGS-B":
        np.testing.assert_array_equal(bounded.coef_ == 0, path.coef_ == 0)
        problem = make_problem(
            Design(X, np.ones(200), intercept=True), y, np.ones(200), loss=Squared(), penalty=L1()
        )
        with pytest.warns(ConvergenceWarning):
            rough = plain_bfgs(problem, lam)
        assert np.all(rough.z[0, :6] != 0)


def test_what_cannot_be_done_is_said():
    X, y = table()
    with pytest.raises(InputError, match="not GroupL1"):
        LinearRegressor(LogCosh(), GroupL1(range(6))).fit(X, y)
    with pytest.raises(InputError, match="solver is 'newton'"):
        LinearRegressor(solver="newton").fit(X, y)
    with pytest.warns(ConvergenceWarning, match="did not reach tol"):
        LinearRegressor(solver=GradientDescent(epochs=2)).fit(X, y)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_full_gradient_descent_reaches_the_optimum(momentum):
    X, y = table()
    for loss, penalty in ((Squared(), L2()), (Huber(1.0), L1())):
        exact = LinearRegressor(loss, penalty, 5.0).fit(X, y)
        method = GradientDescent(momentum=momentum, epochs=3000)
        slow = LinearRegressor(loss, penalty, 5.0, tol=1e-6, solver=method).fit(X, y)
        np.testing.assert_allclose(slow.coef_, exact.coef_, atol=1e-6)
        assert len(slow.losses_) == 3000
        if momentum == 0:
            assert np.diff(slow.losses_).max() <= 1e-12


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_stochastic_descent_comes_near_and_repeats_itself():
    X, y = table()
    method = GradientDescent(step=0.05, batch=20, schedule="inverse", epochs=200, seed=3)
    labels = (y > 0).astype(int)
    model = LinearClassifier(Logistic(), L2(), 1.0, tol=0.5, solver=method).fit(X, labels)
    exact = LinearClassifier(Logistic(), L2(), 1.0).fit(X, labels)
    assert np.corrcoef(model.coef_, exact.coef_)[0, 1] > 0.98
    again = LinearClassifier(Logistic(), L2(), 1.0, tol=0.5, solver=method).fit(X, labels)
    np.testing.assert_array_equal(model.losses_, again.losses_)


def test_a_step_too_large_is_said():
    X, y = table()
    with pytest.raises(InputError, match="diverged"):
        LinearRegressor(solver=GradientDescent(step=100.0)).fit(X, y)


def test_selection_on_folds():
    X, y = table()
    folds = [
        (np.flatnonzero(np.arange(200) % 5 != k), np.flatnonzero(np.arange(200) % 5 == k)) for k in range(5)
    ]
    path = RegularisationPath(Squared(), L1(), np.logspace(3, -1, 20))
    chosen = select_by_folds(
        path, X, y, folds=folds, score=lambda t, f, w: -float(w @ (t - f) ** 2 / w.sum())
    )
    assert chosen.scores.shape == (5, 20)
    assert chosen.one_standard_error >= chosen.best
    assert chosen.at_refit(chosen.best, 200.0) == pytest.approx(1.25 * chosen.best)
    assert -chosen.mean.max() == pytest.approx(1.0, abs=0.3)


def test_selection_of_the_path_itself():
    X, y = table()
    best = RegularisationPath(Squared(), L1(), np.logspace(3, -1, 20), select="best").fit(X, y)
    simple = RegularisationPath(Squared(), L1(), np.logspace(3, -1, 20), select="one-standard-error").fit(
        X, y
    )
    assert simple.lambda_ >= best.lambda_
    assert best.predict(X).shape == (200,)
    with pytest.raises(InputError, match="scores have shape"):
        select_from_scores(np.ones(3), np.ones((2, 2)), fold_weights=[1.0, 1.0])
