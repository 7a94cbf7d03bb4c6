"""The penalty of the design: λ against scikit-learn's alpha and C, first-order conditions, units."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Lasso, LogisticRegression, Ridge

from fivesigma._core.errors import InputError
from fivesigma.models.penalised import PenalisedLeastSquares, PenalisedLogistic

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4))
Y = X @ [1.0, -2.0, 0.0, 0.5] + RNG.normal(size=80)
W = RNG.uniform(0.2, 3.0, 80)


def test_ridge_is_alpha_and_lasso_is_n_times_alpha() -> None:
    ridge = PenalisedLeastSquares(lam=3.0).fit(X, Y)
    np.testing.assert_allclose(ridge.coef_, Ridge(alpha=3.0).fit(X, Y).coef_, rtol=1e-10)
    lasso = PenalisedLeastSquares(lam=8.0, l1_ratio=1.0, tol=1e-10).fit(X, Y)
    np.testing.assert_allclose(lasso.coef_, Lasso(alpha=8.0 / 80, tol=1e-10).fit(X, Y).coef_, atol=1e-8)


@pytest.mark.parametrize("rho", [0.0, 0.4, 1.0])
def test_the_optimum_satisfies_its_first_order_condition(rho) -> None:
    lam = 6.0
    model = PenalisedLeastSquares(lam=lam, l1_ratio=rho, tol=1e-12).fit(X, Y, sample_weight=W)
    residual = Y - model.predict(X)
    slope = X.T @ (W * residual) - lam * (1 - rho) * model.coef_
    active = model.coef_ != 0
    np.testing.assert_allclose(slope[active], lam * rho * np.sign(model.coef_[active]), atol=1e-4)
    assert (np.abs(slope[~active]) <= lam * rho + 1e-6).all()
    assert abs(W @ residual) < 1e-6  # the intercept is not penalised


def test_the_default_strength_of_a_lasso_has_no_units() -> None:
    one = PenalisedLeastSquares(lam=None, l1_ratio=1.0, relative=0.1).fit(X, Y)
    thousand = PenalisedLeastSquares(lam=None, l1_ratio=1.0, relative=0.1).fit(X, 1000 * Y)
    np.testing.assert_allclose(thousand.coef_, 1000 * one.coef_, rtol=1e-6)
    assert not PenalisedLeastSquares(lam=None, l1_ratio=1.0, relative=1.0).fit(X, Y).coef_.any()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("wide", [False, True])
def test_logistic_equals_scikit_learn_at_tight_tolerance(n_classes, wide) -> None:
    Z = np.hstack([X, RNG.normal(size=(80, 500))]) if wide else X
    y = np.digitize(Y, [0.0] if n_classes == 2 else [-1.0, 1.0])
    ours = PenalisedLogistic(lam=2.0).fit(Z, y, sample_weight=W)
    theirs = LogisticRegression(C=0.5, tol=1e-12, max_iter=10_000).fit(Z, y, sample_weight=W)
    np.testing.assert_allclose(ours.predict_proba(Z), theirs.predict_proba(Z), atol=1e-6)


@pytest.mark.parametrize(
    "bad",
    [
        PenalisedLeastSquares(lam=0.0),
        PenalisedLeastSquares(l1_ratio=2.0),
        PenalisedLeastSquares(lam=None),
        PenalisedLogistic(lam=-1.0),
    ],
)
def test_strengths_out_of_range_are_refused(bad) -> None:
    with pytest.raises(InputError, match=r"lambda|l1_ratio"):
        bad.fit(X, (Y > 0).astype(int))
