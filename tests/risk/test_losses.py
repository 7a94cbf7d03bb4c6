"""One law, the whole list of losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from fivesigma._core.errors import InputError
from fivesigma.risk.losses import (
    Absolute,
    FunctionLoss,
    Hinge,
    Huber,
    KinkedLoss,
    Logistic,
    LossLike,
    Poisson,
    Quantile,
    SmoothLoss,
    Softmax,
    Squared,
    SquaredHinge,
)

SCALAR = [
    Squared(),
    Absolute(),
    Huber(0.7),
    Quantile(0.8),
    Logistic(),
    Logistic((0.5, 3.0)),
    Hinge(),
    SquaredHinge(),
    Poisson(),
]
SOFTMAX = [Softmax(), Softmax((1.0, 2.0, 0.5))]
laws = settings(deadline=None, max_examples=40, derandomize=True)


def sample(loss, seed, n=64):
    rng = np.random.default_rng(seed)
    if isinstance(loss, Softmax):
        return 3 * rng.normal(size=(n, 3)), np.r_[0, 1, 2, rng.integers(0, 3, n - 3)]
    f = 3 * rng.normal(size=n)
    if isinstance(loss, Poisson):
        return f, rng.poisson(3.0, n).astype(float)
    if loss.task == "classification":
        return f, rng.integers(0, 2, n).astype(float)
    return f, rng.normal(size=n)


def away_from_kinks(loss, f, y):
    if isinstance(loss, KinkedLoss):
        return np.abs(f - loss.pieces(y)[2]) > 1e-3
    if isinstance(loss, Huber):
        return np.abs(np.abs(f - y) - loss.delta) > 1e-3
    if isinstance(loss, SquaredHinge):
        return np.abs(1 - np.where(y > 0, 1, -1) * f) > 1e-3
    return np.ones(len(f), dtype=bool)


@pytest.mark.parametrize("loss", SCALAR + SOFTMAX, ids=repr)
@laws
@given(seed=st.integers(0, 2**31))
def test_the_slope_is_the_derivative_of_the_value(loss, seed):
    f, y = sample(loss, seed)
    keep = away_from_kinks(loss, f, y)
    direction = np.random.default_rng(seed + 1).normal(size=f.shape)
    h = 1e-5
    difference = (loss.value(f + h * direction, y) - loss.value(f - h * direction, y)) / (2 * h)
    slope = loss.slope(f, y) * direction
    slope = slope.sum(axis=1) if slope.ndim == 2 else slope
    np.testing.assert_allclose(difference[keep], slope[keep], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("loss", [a for a in SCALAR + SOFTMAX if isinstance(a, SmoothLoss)], ids=repr)
@laws
@given(seed=st.integers(0, 2**31))
def test_the_curvature_is_the_derivative_of_the_slope_and_obeys_its_bound(loss, seed):
    f, y = sample(loss, seed)
    keep = away_from_kinks(loss, f, y)
    direction = np.random.default_rng(seed + 1).normal(size=f.shape)
    h = 1e-5
    difference = (loss.slope(f + h * direction, y) - loss.slope(f - h * direction, y)) / (2 * h)
    curvature = loss.curvature(f, y)
    if curvature.ndim == 3:
        np.testing.assert_allclose(
            difference, np.einsum("nij,nj->ni", curvature, direction), rtol=1e-5, atol=1e-8
        )
        assert np.linalg.eigvalsh(curvature).max() <= loss.curvature_bound * (1 + 1e-12)
    else:
        np.testing.assert_allclose(difference[keep], (curvature * direction)[keep], rtol=1e-5, atol=1e-8)
        assert curvature.max() <= loss.curvature_bound * (1 + 1e-12)


@pytest.mark.parametrize("loss", SCALAR + SOFTMAX, ids=repr)
@laws
@given(seed=st.integers(0, 2**31), t=st.floats(0.01, 0.99))
def test_convexity_and_the_subgradient_inequality(loss, seed, t):
    f, y = sample(loss, seed)
    g, _ = sample(loss, seed + 1)
    assert np.all(
        loss.value(t * f + (1 - t) * g, y) <= t * loss.value(f, y) + (1 - t) * loss.value(g, y) + 1e-12
    )
    step = loss.slope(f, y) * (g - f)
    step = step.sum(axis=1) if step.ndim == 2 else step
    assert np.all(loss.value(g, y) >= loss.value(f, y) + step - 1e-9)


@pytest.mark.parametrize("loss", SCALAR + SOFTMAX, ids=repr)
@laws
@given(seed=st.integers(0, 2**31))
def test_fenchel_young_holds_with_equality_at_the_slope(loss, seed):
    f, y = sample(loss, seed)
    u = loss.slope(f, y)
    product = (u * f).sum(axis=1) if u.ndim == 2 else u * f
    np.testing.assert_allclose(loss.value(f, y) + loss.conjugate(u, y), product, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("loss", [a for a in SCALAR if a.task == "classification"], ids=repr)
def test_labels_may_be_written_zero_one_or_minus_one_one(loss):
    f, y = sample(loss, 0)
    np.testing.assert_array_equal(loss.value(f, y), loss.value(f, 2 * y - 1))
    np.testing.assert_array_equal(loss.slope(f, y), loss.slope(f, 2 * y - 1))


def test_class_weights_multiply_the_events_of_their_class():
    f, y = sample(Logistic(), 0)
    np.testing.assert_allclose(
        Logistic((2.0, 5.0)).value(f, y), np.where(y > 0, 5, 2) * Logistic().value(f, y)
    )


def test_softmax_of_two_classes_is_logistic():
    f, y = sample(Logistic(), 3)
    two = np.stack([np.zeros_like(f), f], axis=1)
    np.testing.assert_allclose(Softmax().value(two, y.astype(int)), Logistic().value(f, y), atol=1e-14)
    np.testing.assert_allclose(Softmax().link(two)[:, 1], Logistic().link(f), atol=1e-15)


def test_the_best_constant_is_the_statistic_of_the_name():
    y = np.random.default_rng(0).gamma(2.0, size=201)
    best = {
        loss: minimize_scalar(lambda b, loss=loss: loss.value(np.full_like(y, b), y).sum(), bounds=(0, 10)).x
        for loss in (Squared(), Absolute(), Quantile(0.9), Poisson())
    }
    assert best[Squared()] == pytest.approx(y.mean(), abs=1e-4)
    assert best[Absolute()] == pytest.approx(np.median(y), abs=1e-2)
    assert best[Quantile(0.9)] == pytest.approx(np.quantile(y, 0.9), abs=5e-2)
    assert np.exp(best[Poisson()]) == pytest.approx(y.mean(), abs=1e-4)


def test_extreme_scores_do_not_overflow():
    f = np.array([-1e4, 1e4])
    for y in (np.zeros(2), np.ones(2)):
        assert np.all(np.isfinite(Logistic().value(f, y)))
        assert np.all(np.isfinite(Logistic().slope(f, y)))
    assert np.all(np.isfinite(Softmax().value(np.stack([f, -f], axis=1), np.array([0, 0]))))


def test_a_plain_function_becomes_a_loss():
    loss = FunctionLoss(lambda f, y: np.log(np.cosh(f - y)))
    f, y = sample(Squared(), 0)
    assert isinstance(loss, LossLike)
    np.testing.assert_allclose(loss.slope(f, y), np.tanh(f - y), atol=1e-10)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Huber(0.0), "delta"),
        (lambda: Quantile(1.0), "tau"),
        (lambda: Logistic((1.0, -1.0)), "class_weights"),
    ],
)
def test_an_impossible_parameter_is_named(make, word):
    with pytest.raises(InputError, match=word):
        make()


def test_targets_outside_the_domain_are_named():
    assert "smallest target is -1" in (Poisson().admits(np.array([-1.0, 2.0])) or "")
    assert "3 classes" in (Softmax((1.0, 1.0)).admits(np.array([0, 1, 2])) or "")
    assert Squared().admits(np.array([-1.0])) is None
