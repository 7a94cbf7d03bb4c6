"""Metrics of predicted values against NumPy and scikit-learn, and where they are undefined."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as reference

from fivesigma._core.errors import InputError
from fivesigma.risk.metrics import METRICS
from fivesigma.risk.quantiles import quantiles
from fivesigma.risk.regression import centred, residuals, spread

RNG = np.random.default_rng(0)
Y = RNG.normal(3.0, 2.0, 200)
P = Y + RNG.normal(0.2, 1.0, 200)
W = RNG.exponential(size=200)
FAMILY = ("r2", "rmse", "mae", "median_bias", "scatter", "pearson_r")


def test_they_are_those_of_scikit_learn_and_numpy():
    assert METRICS["r2"].value(Y, P, W) == pytest.approx(reference.r2_score(Y, P, sample_weight=W))
    square = reference.mean_squared_error(Y, P, sample_weight=W)
    assert METRICS["rmse"].value(Y, P, W) == pytest.approx(square**0.5)
    assert METRICS["mae"].value(Y, P, W) == pytest.approx(
        reference.mean_absolute_error(Y, P, sample_weight=W)
    )
    covariance = np.cov(Y, P, aweights=W)
    r = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert METRICS["pearson_r"].value(Y, P, W) == pytest.approx(r)
    low, middle, high = quantiles(P - Y, [0.16, 0.5, 0.84], W)
    assert METRICS["median_bias"].value(Y, P, W) == middle
    assert METRICS["scatter"].value(Y, P, W) == (high - low) / 2


@pytest.mark.parametrize("name", FAMILY)
def test_predictions_that_are_not_one_number_an_event_are_refused(name):
    with pytest.raises(InputError, match=r"prediction has shape \(200, 2\)|expected values"):
        METRICS[name].value(Y, np.column_stack([P, P]))


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_targets_that_are_not_finite_are_refused(name, bad):
    with pytest.raises(InputError, match=r"y holds a value that is not finite|the largest number is"):
        METRICS[name].value(np.where(np.arange(200) == 5, bad, Y), P)


@pytest.mark.parametrize("name", ["r2", "pearson_r"])
def test_a_constant_target_explains_nothing(name):
    assert np.isnan(METRICS[name].value(np.full(200, 7.1), P))
    assert np.isnan(METRICS[name].value(np.full(200, 0.0), P))
    assert np.isnan(METRICS["pearson_r"].value(Y, np.full(200, 0.1)))


@pytest.mark.parametrize("name", FAMILY)
def test_without_weight_they_are_undefined(name):
    assert np.isnan(METRICS[name].value(Y, P, np.zeros(200)))


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_an_offset_of_both_loses_no_digits(offset):
    for name in ("r2", "rmse", "pearson_r"):
        y, p = (np.round(each * 2.0**20) / 2.0**20 for each in (Y, P))
        found = METRICS[name].value(y + offset, p + offset, W)
        assert found == pytest.approx(METRICS[name].value(y, p, W), rel=1e-6)


@pytest.mark.parametrize("name", FAMILY)
def test_a_resample_is_the_score_of_copies(name):
    counts = np.random.default_rng(1).poisson(1.0, (5, 200)).astype(np.uint8)
    found = METRICS[name].resampled(Y, P, W, counts)
    for drawn, c in zip(found, counts, strict=True):
        rows = np.repeat(np.arange(200), c)
        assert drawn == pytest.approx(METRICS[name].value(Y[rows], P[rows], W[rows]), rel=1e-9)


def test_the_parts():
    np.testing.assert_array_equal(residuals(Y, P), P - Y)
    assert abs(W @ centred(Y, W)) < 1e-10
    np.testing.assert_array_equal(centred(Y, np.zeros(200)), Y)
    found = spread(np.array([2.0, 1.0]), np.array([0.0, 2.0]), np.array([4.0, 4.0]))
    np.testing.assert_array_equal(found, [2.0, np.nan])
