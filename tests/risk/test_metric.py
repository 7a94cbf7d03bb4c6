"""What every metric shares: checked input, resamples in chunks, bounds, units, and the turn to merits."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.risk import metric as module
from fivesigma.risk.metric import Metric, Unit, checked, checked_weights, chunks, power_of_two, ratio
from fivesigma.risk.metrics import METRICS

Y = np.array([0.0, 1.0, 2.0, 5.0])


@pytest.mark.parametrize(
    ("y", "prediction", "said"),
    [
        (np.empty(0), np.empty(0), "n of at least 1"),
        (Y, Y[:3], r"prediction of shape \(3,\)"),
        (Y[:, None], Y, r"y of shape \(4, 1\)"),
        (Y, np.zeros((4, 2, 2)), r"prediction of shape \(4, 2, 2\)"),
        (Y, np.array([0.0, np.nan, 1.0, 1.0]), "a prediction is not finite"),
        (Y, np.array([0.0, np.inf, 1.0, 1.0]), "a prediction is not finite"),
    ],
)
def test_what_no_metric_can_score_is_refused(y, prediction, said):
    with pytest.raises(InputError, match=said):
        checked(y, prediction, None)


@pytest.mark.parametrize(
    ("w", "said"),
    [
        ([1.0], r"weights have shape \(1,\)"),
        ([1.0, np.nan, 1.0, 1.0], "expected 4 finite numbers"),
        ([1.0, np.inf, 1.0, 1.0], "expected 4 finite numbers"),
        ([1e200, 1.0, 1.0, 1.0], "the largest number is"),
    ],
)
def test_weights_that_no_metric_can_use_are_refused(w, said):
    with pytest.raises(InputError, match=said):
        checked_weights(np.array(w), 4)
    with pytest.raises(InputError, match=said):
        checked(Y, Y, np.array(w))


def test_negative_weights_are_for_those_who_say_so():
    w = np.array([1.0, -1.0, -2.0, 1.0])
    with pytest.raises(InputError, match=r"weights are negative \(2 of 4\)"):
        checked_weights(w, 4)
    assert checked_weights(w, 4, negative=True) is w
    assert checked(Y, Y, w)[2] is w


def test_what_can_be_scored_comes_back_as_float64():
    y, prediction, w = checked([1, 2], np.array([1, 2], np.float32), np.array([1, 0]))
    assert (y.tolist(), prediction.dtype, w.dtype) == ([1, 2], np.float64, np.float64)
    np.testing.assert_array_equal(checked_weights(None, 3), np.ones(3))


@pytest.mark.parametrize("name", ["rmse", "roc_auc", "scatter"])
def test_chunks_change_nothing(name, monkeypatch):
    rng = np.random.default_rng(0)
    each = METRICS[name]
    y = rng.integers(0, 2, 30) if name == "roc_auc" else rng.normal(size=30)
    p = rng.random((30, 2)) if name == "roc_auc" else rng.normal(size=30)
    counts = rng.poisson(2.0, (11, 30)).astype(np.uint8)
    whole = each.resampled(y, p, None, counts)
    monkeypatch.setattr(module, "CHUNK", 60)
    np.testing.assert_allclose(each.resampled(y, p, None, counts), whole, rtol=1e-13)
    assert [(s.start, s.stop) for s in chunks(counts, 30)][:2] == [(0, 2), (2, 4)]
    monkeypatch.setattr(module, "CHUNK", 1)
    assert len(list(chunks(counts, 30))) == 11


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
def test_counts_of_another_shape_are_refused(shape):
    with pytest.raises(InputError, match=r"expected \(resamples, 4\)"):
        list(chunks(np.ones(shape), 4))


def test_no_resample_is_one_empty_chunk():
    assert len(list(chunks(np.empty((0, 4)), 4))) == 1
    assert METRICS["rmse"].resampled(Y, Y, None, np.empty((0, 4), np.uint8)).shape == (0,)


def bounds(lower, upper):
    class Bounded(type(METRICS["rmse"])):
        pass

    each = Bounded()
    type(each).lower, type(each).upper = lower, upper
    return each


@pytest.mark.parametrize(
    ("lower", "upper", "values", "expected"),
    [
        (0.0, 1.0, [1.0 + 2e-16, 1.0 - 2e-16, -1e-17, 1e-15, 0.5], [1.0, 1.0, 0.0, 0.0, 0.5]),
        (0.0, None, [-1e-17, 1e-300, 5.0], [0.0, 1e-300, 5.0]),
        (None, 1.0, [1.0 + 1e-15, -7.0], [1.0, -7.0]),
        (None, None, [1e300, -1e300], [1e300, -1e300]),
    ],
)
def test_rounding_beyond_a_bound_is_taken_back_and_nan_stays(lower, upper, values, expected):
    found = bounds(lower, upper).bounded(np.array([*values, np.nan]))
    np.testing.assert_array_equal(found, [*expected, np.nan])


def test_merits_grow_with_quality():
    for each in METRICS.values():
        good, bad = (0.5, 0.2) if each.greater_is_better else (0.2, 0.5)
        assert each.merit(good) > each.merit(bad)
    np.testing.assert_array_equal(METRICS["median_bias"].merit([-2.0, 1.0]), [-2.0, -1.0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("rmse", 30.0), ("r2", 3.0), ("nll", 3.0 + np.log(10)), ("log_likelihood", 3.0 - np.log(10))],
)
def test_a_score_goes_with_the_unit_that_it_has(name, expected):
    assert METRICS[name].converted(3.0, 10.0) == pytest.approx(expected)


def test_a_squared_score_goes_with_the_square_of_the_unit():
    class Mse(type(METRICS["rmse"])):
        unit = Unit.SQUARED_TARGET

    assert Mse().converted(3.0, 10.0) == 300.0
    assert Mse().has_unit


def test_only_significances_assume_something_of_the_background():
    told = {name for name, each in METRICS.items() if each.assumes}
    assert told == {"asimov", "asimov_10", "ams"}
    assert {METRICS[name].pure for name in told} == {"σ"}
    assert "0.1 b" in METRICS["asimov_10"].assumes


def test_a_metric_without_a_cut_has_none_and_a_name_to_show():
    rmse = METRICS["rmse"]
    assert rmse.cut(Y, Y) is None
    assert isinstance(rmse, Metric)
    assert METRICS["balanced_accuracy"].label == "balanced accuracy"


def test_a_ratio_without_a_denominator_is_undefined():
    np.testing.assert_array_equal(ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0])), [0.5, np.nan])


@pytest.mark.parametrize("x", [1e-300, 0.3, 1.0, 7.0, 1e300])
def test_a_power_of_two_is_the_next_above(x):
    unit = power_of_two(x)
    assert x < unit <= 2.0 * x
    assert (x / unit) * unit == x
