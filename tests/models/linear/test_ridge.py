"""The closed form against three independent identities, and leave-one-out against leaving one out."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.linear import LinearRegressor, RegularisationPath, ridge_factor
from fivesigma.risk.losses import Squared
from fivesigma.risk.penalties import L2

SHAPES = {
    "tall": (60, 8),
    "wide": (12, 40),
    "square": (20, 20),
    "tall, rank 3": (50, 10),
    "wide, rank 3": (10, 30),
}


def table(name, seed):
    rng = np.random.default_rng(seed)
    n, p = SHAPES[name]
    X = rng.normal(size=(n, p)) * np.exp(rng.normal(size=p))
    if "rank" in name:
        X = rng.normal(size=(n, 3)) @ rng.normal(size=(3, p))
    return X, X[:, 0] + rng.normal(size=n), rng.gamma(2.0, size=n), float(np.exp(rng.normal() * 2))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("seed", range(40))
def test_primal_dual_and_augmented_agree(name, seed):
    X, y, w, lam = table(name, seed)
    theta = ridge_factor(X, y, w, intercept=False).solve(np.array([lam]))[0][0]
    root = np.sqrt(w)
    Xw, yw = root[:, None] * X, root * y
    n, p = X.shape
    primal = np.linalg.solve(Xw.T @ Xw + lam * np.eye(p), Xw.T @ yw)
    dual = Xw.T @ np.linalg.solve(Xw @ Xw.T + lam * np.eye(n), yw)
    stacked = np.vstack([Xw, np.sqrt(lam) * np.eye(p)])
    augmented = np.linalg.lstsq(stacked, np.r_[yw, np.zeros(p)], rcond=None)[0]
    for other in (primal, dual, augmented):
        assert np.linalg.norm(theta - other) <= 1e-10 * np.linalg.norm(other)


@pytest.mark.parametrize("name", SHAPES)
def test_leave_one_out_is_leaving_one_out(name):
    X, y, w, _ = table(name, 0)
    lambdas = np.array([0.3, 3.0, 30.0])
    fast = ridge_factor(X, y, w).leave_one_out(lambdas)
    for lam, value in zip(lambdas, fast, strict=True):
        errors = []
        for i in range(len(y)):
            rest = np.arange(len(y)) != i
            theta, intercept = ridge_factor(X[rest], y[rest], w[rest]).solve(np.array([lam]))
            errors.append(y[i] - X[i] @ theta[0] - intercept[0])
        assert value == pytest.approx(w @ np.square(errors) / w.sum(), rel=1e-9)


def test_the_path_and_one_lambda_are_the_same():
    X, y, w, _ = table("tall", 3)
    path = RegularisationPath(Squared(), L2(), [0.1, 1.0, 10.0], tol=1e-11).fit(X, y, w)
    one = LinearRegressor(Squared(), L2(), 1.0, tol=1e-11).fit(X, y, w)
    np.testing.assert_allclose(path.coefs_[1], one.coef_, atol=1e-14)
    assert path.violations_.max() <= 1e-13


def test_a_table_in_many_blocks_is_the_same_table(monkeypatch):
    X, y, w, _ = table("tall", 4)
    whole = ridge_factor(X, y, w).leave_one_out(np.array([1.0]))
    monkeypatch.setattr("fivesigma.models.linear.ridge.BLOCK_BYTES", 1)
    monkeypatch.setattr("fivesigma.models.linear.design.BLOCK_BYTES", 1)
    np.testing.assert_allclose(
        ridge_factor(np.tile(X, (5, 1)), np.tile(y, 5), np.tile(w, 5) / 5).solve(np.ones(1))[0],
        ridge_factor(X, y, w).solve(np.ones(1))[0],
        atol=1e-12,
    )
    np.testing.assert_allclose(ridge_factor(X, y, w).leave_one_out(np.array([1.0])), whole, rtol=1e-12)
