"""A certificate that no unit of the data can shrink: whether there is a minimum near the point."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from fivesigma.models.linear import LinearClassifier, LinearRegressor, RegularisationPath, existence, solvers
from fivesigma.models.linear.design import Design
from fivesigma.models.linear.existence import PROVED, RESOLVED, decrement, has_minimum
from fivesigma.models.linear.problem import make_problem
from fivesigma.risk.losses import (
    Hinge,
    Huber,
    KinkedLoss,
    Logistic,
    Loss,
    Poisson,
    Quantile,
    SmoothLoss,
    Softmax,
    Squared,
    SquaredHinge,
)
from fivesigma.risk.penalties import L1, L2, ElasticNet, GroupL1, NoPenalty

TOLS = [1e-2, 1e-6, 1e-8, 1e-11, 1e-14]


def events(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, X @ [2.0, 1.0, 0.0, -1.0], rng.logistic(size=n)


def unhurried(model, X, y, w=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, w)


def separated():
    """Targets that columns predict without an error, wholly or in part, by the loss that then has no minimum."""
    X, score, noise = events()
    flag = (np.arange(300) % 7 == 0).astype(float)
    marked, none = (
        np.c_[X, flag],
        np.where(flag == 1, 0, np.random.default_rng(1).poisson(np.exp(0.3 * X[:, 0]))),
    )
    half = np.where(flag == 1, 1, score + noise > 0).astype(int)
    line = np.linspace(-1, 1, 40)[:, None]
    touching, sides = np.r_[line, [[0.0]], [[0.0]]], np.r_[(line[:, 0] > 0).astype(int), 0, 1]
    wide = np.random.default_rng(2).normal(size=(30, 60))
    return {
        "a plane": (LinearClassifier(Logistic(), None), X, (score > 0).astype(int)),
        "a line": (LinearClassifier(Logistic(), None), line, (line[:, 0] > 0).astype(int)),
        "a touching line": (LinearClassifier(Logistic(), None), touching, sides),
        "one column in part": (LinearClassifier(Logistic(), None), marked, half),
        "more columns than events": (LinearClassifier(Logistic(), None), wide, np.arange(30) % 2),
        "three classes": (LinearClassifier(Logistic(), None), X, np.digitize(score, [-1, 1])),
        "one of three classes": (LinearClassifier(Logistic(), None), marked, np.where(flag == 1, 2, half)),
        "events without a count": (LinearRegressor(Poisson(), None), marked, none),
        "no intercept": (LinearClassifier(Logistic(), None, fit_intercept=False), line, (line[:, 0] > 0).astype(int)),
    }  # fmt: skip


@pytest.mark.parametrize("tol", TOLS)
@pytest.mark.parametrize("case", separated())
def test_separable_data_without_a_penalty_have_no_minimum_at_any_tolerance(case, tol):
    model, X, y = separated()[case]
    with pytest.warns(ConvergenceWarning, match="has no minimum"):
        model.set_params(tol=tol).fit(X, y)
    assert not model.converged_.any()


@pytest.mark.parametrize("case", separated())
@pytest.mark.parametrize("scale", [1e-60, 1e40])
def test_units_of_columns_and_weights_do_not_make_a_minimum(case, scale):
    model, X, y = separated()[case]
    assert not unhurried(model, X * scale, y, np.full(len(X), 1e-12)).converged_.any()


@pytest.mark.parametrize("penalty", [L2(), L1(), ElasticNet(0.5)])
@pytest.mark.parametrize("case", separated())
def test_a_penalty_gives_the_same_data_a_minimum(case, penalty):
    model, X, y = separated()[case]
    fitted = model.set_params(penalty=penalty, lam=1e-2).fit(X, y)
    assert fitted.converged_.all()
    assert fitted.violation_ <= 1e-8


@pytest.mark.parametrize("scale", [1e-60, 1e-7, 1.0, 1e14, 1e60])
@pytest.mark.parametrize("loss", [Logistic(), Softmax(), Poisson()])
def test_overlapping_data_have_a_minimum_in_all_units(loss, scale):
    X, score, noise = events()
    y = (
        np.random.default_rng(1).poisson(np.exp(0.2 * score))
        if isinstance(loss, Poisson)
        else (score + noise > 0) * 1
    )
    made = LinearRegressor if isinstance(loss, Poisson) else LinearClassifier
    plain = made(loss, None).fit(X, y)
    scaled = made(loss, None).fit(X * [scale, 1.0, 1.0 / scale, 1.0] + [0.0, 1e6, 0.0, 0.0], y)
    assert plain.converged_.all()
    assert scaled.converged_.all()
    np.testing.assert_allclose(scaled.coef_ * [scale, 1.0, 1.0 / scale, 1.0], plain.coef_, rtol=1e-7)


@pytest.mark.parametrize("loss", [Squared(), Huber(1e6), Huber(0.5), Quantile(0.3)])
def test_unpenalised_regressions_give_the_right_coefficients_at_every_scale(loss):
    X, score, noise = events()
    plain = LinearRegressor(loss, None).fit(X, score + 0.1 * noise)
    for scale in (1e-160, 1e-20, 1e8, 1e13, 1e14, 1e20, 1e100):
        fitted = LinearRegressor(loss, None).fit(X * [1.0, scale, 1.0, 1.0], score + 0.1 * noise)
        np.testing.assert_allclose(fitted.coef_ * [1.0, scale, 1.0, 1.0], plain.coef_, rtol=1e-7, atol=1e-9)
        assert fitted.converged_.all()


def test_least_squares_of_dependent_columns_are_the_same_in_all_units():
    X, score, noise = events(50)
    X, scale = np.c_[X, X[:, 0] - X[:, 1], np.full(50, 3.0)], np.array([1e9, 1, 1e-9, 1, 1e3, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = LinearRegressor(Squared(), None).fit(X, score + noise)
        scaled = LinearRegressor(Squared(), None).fit((X + 5.0) * scale, score + noise)
    new = np.random.default_rng(3).normal(size=(10, 6))
    np.testing.assert_allclose(scaled.predict((new + 5.0) * scale), plain.predict(new), rtol=1e-9)


@pytest.mark.parametrize("loss", [Hinge(), SquaredHinge()])
def test_hinges_reach_their_minimum_on_separable_classes(loss):
    X, score, _ = events()
    assert LinearClassifier(loss, None).fit(X, score > 0).converged_.all()


@pytest.mark.parametrize("penalty", [L2(), L1(), GroupL1([0, 0, 1, 1])])
def test_a_lambda_too_small_for_the_tolerance_is_not_called_converged(penalty):
    X, score, _ = events()
    tight = unhurried(LinearClassifier(Logistic(), penalty, lam=1e-12), X, (score > 0).astype(int))
    assert not tight.converged_.any()
    path = unhurried(RegularisationPath(Logistic(), penalty, [1.0, 1e-12]), X, (score > 0).astype(int))
    assert path.converged_.tolist() == [True, False]


def test_one_class_that_no_plane_divides_from_the_rest_does_not_hide_another():
    class Exponential(SmoothLoss):
        task = "classification"

        def value(self, prediction, target):
            return np.exp(-np.where(target > 0, 1, -1) * prediction)

        def slope(self, prediction, target):
            return -np.where(target > 0, 1, -1) * self.value(prediction, target)

        def curvature(self, prediction, target):
            return self.value(prediction, target)

        def conjugate(self, slope, target):
            return np.zeros_like(slope)

    X, score, noise = events()
    y = np.where(X[:, 0] > 0.5, 2, (score + noise > 0) * 1)
    model = unhurried(LinearClassifier(Exponential(), None), X, y)
    assert not model.converged_.any()
    mixed = (score + 2 * noise > 0).astype(int) + (np.arange(300) % 3 == 0)
    assert unhurried(LinearClassifier(Exponential(), None), X, mixed).converged_.all()


def test_the_decrement_is_free_of_units_and_vanishes_at_the_optimum():
    X, score, noise = events()
    y, w, z = (score + noise > 0).astype(float), np.ones(300), np.array([0.3, 0.1, 0.0, -0.2, 0.1])
    problem = make_problem(Design(X, w, intercept=True), y, w, loss=Logistic(), penalty=NoPenalty())
    scale = np.array([1e30, 1e-30, 7.0, 1.0])
    other = make_problem(
        Design(X * scale, w, intercept=True), y, 1e5 * w, loss=Logistic(), penalty=NoPenalty()
    )
    assert decrement(problem, 0.0, z) > 1.0
    at = np.r_[z[:4] / scale, z[4]]
    small = make_problem(
        Design(X * scale, w, intercept=True, standard=True), y, 1e5 * w, loss=Logistic(), penalty=NoPenalty()
    )
    assert decrement(
        small, 0.0, small.design.centred(at[:4], z[4] - X.mean(axis=0) @ z[:4])
    ) == pytest.approx(
        decrement(problem, 0.0, problem.design.centred(z[:4], z[4] - X.mean(axis=0) @ z[:4])), rel=1e-9
    )
    assert other.lambda_max > 0
    best = LinearClassifier(Logistic(), None).fit(X, y)
    assert decrement(problem, 0.0, problem.design.centred(best.coef_, best.intercept_)) < 1e-10


def test_doubtful_points_of_a_path_share_one_frame(monkeypatch):
    X, score, noise = events()
    y, w = (score + noise > 0).astype(float), np.ones(300)
    problem = make_problem(Design(X, w, intercept=True), y, w, loss=Logistic(), penalty=L2())
    points = np.random.default_rng(3).normal(size=(5, 1)) * [0.3, 0.1, 0.0, -0.2, 0.1]
    points[0] = np.r_[LinearClassifier(Logistic(), None).fit(X, y).coef_.ravel(), 0.0]
    lambdas = np.full(5, 1e-6)
    wanted = [decrement(problem, 1e-6, z) <= PROVED for z in points]
    made, frame = [], existence._Frame
    monkeypatch.setattr(existence, "_Frame", lambda one: made.append(one) or frame(one))
    assert has_minimum(problem, lambdas, points, np.ones(5)).tolist() == wanted
    assert len(made) == 1
    assert True in wanted
    assert False in wanted


@pytest.mark.parametrize("penalty", [L1(), L2(), ElasticNet(0.5)])
def test_a_batch_at_a_loose_tolerance_needs_no_proof(penalty, monkeypatch):
    monkeypatch.setattr(solvers, "EXACT_UP_TO", 0)
    rng = np.random.default_rng(4)
    X = rng.normal(size=(2000, 12))
    y = (X[:, 0] + rng.logistic(size=2000) > 0).astype(int)
    path = RegularisationPath(Logistic(), penalty, np.geomspace(1e-2, 100, 20), tol=1e-4).fit(X, y)
    assert np.all(path.violations_ * path.lambda_max_ <= RESOLVED * path.lambdas_)
    assert path.converged_.all()


def test_two_classes_of_a_softmax_are_those_of_a_logistic():
    X, score, noise = events()
    y, w = (score + noise > 0).astype(float), np.ones(300)
    z = np.array([0.3, 0.1, 0.0, -0.2, 0.1])
    two = make_problem(Design(X, w, intercept=True), y, w, loss=Softmax(), penalty=NoPenalty())
    one = make_problem(Design(X, w, intercept=True), y, w, loss=Logistic(), penalty=NoPenalty())
    # the range of two scores ±f/2 is f, and the bound on it √2 times their length
    assert decrement(two, 0.0, np.r_[-0.5 * z, 0.5 * z]) == pytest.approx(decrement(one, 0.0, z), rel=1e-9)


def test_coefficients_that_are_not_finite_are_no_minimum():
    X, score, _ = events()
    w = np.ones(300)
    problem = make_problem(Design(X, w, intercept=True), score, w, loss=Squared(), penalty=NoPenalty())
    assert not has_minimum(problem, np.ones(1), np.full((1, 5), np.nan), np.array([np.nan])).any()


@pytest.mark.parametrize(
    "loss", [Squared(), Huber(), Quantile(), Poisson(), Logistic(), Hinge(), SquaredHinge()]
)
def test_a_loss_recedes_where_it_falls_for_ever(loss: Loss):
    target = np.array([0.0, 1.0, 1.0, 0.0])
    far = [loss.value(np.full(4, size), target) for size in (-60.0, -30.0, 30.0, 60.0)]
    falls = ((far[0] < far[1]) & (far[1] > 0)) | ((far[3] < far[2]) & (far[2] > 0))
    np.testing.assert_array_equal(loss.recedes(target), falls)
    assert not isinstance(loss, KinkedLoss) or not falls.any()
