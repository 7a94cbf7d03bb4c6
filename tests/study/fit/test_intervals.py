"""Intervals of a model with a law, from what its folds said of events held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fivesigma.risk.conformal import STATED
from fivesigma.risk.predictive import KNOTS
from fivesigma.study.fit.intervals import HeldOut, intervals_of, law_of, out_of_fold, with_intervals
from fivesigma.study.fit.prediction import Output
from tests.study.made import prepared

SETTINGS = {"weights": True, "groups": 60}


def narrow(n: int, m: int | None = None) -> dict:
    """Laws about 0 that are half as wide as the target's."""
    shape = (n,) if m is None else (n, m)
    return {
        Output.VALUE: np.zeros(shape),
        Output.LAW: np.multiply.outer(np.full(shape, 0.7), KNOTS),
    }


def test_a_law_that_is_too_narrow_is_widened_on_average_over_held_out_events() -> None:
    data = prepared(**SETTINGS).fit_data
    n = len(data.train)
    (found,) = intervals_of(data, narrow(n), "conformal")
    said = with_intervals(narrow(n), (found,))
    low, high = said[Output.INTERVAL][:, 1].T
    inside = np.average(
        (low <= data.y[data.train]) & (data.y[data.train] <= high), weights=data.w[data.train]
    )
    assert 0.95 <= inside < 0.99
    assert found.units < 60
    assert (high - low > 2 * 1.96 * 0.7).all()


def test_no_event_has_a_say_in_its_own_interval() -> None:
    data = prepared(**SETTINGS).fit_data
    said = narrow(len(data.train))
    before = out_of_fold(data, said, "conformal")[Output.INTERVAL]
    y = data.y.copy()
    own = data.train[data.folds == 0]
    y[own] = 100.0
    after = out_of_fold(replace(data, y=y), said, "conformal")[Output.INTERVAL]
    np.testing.assert_array_equal(before[data.folds == 0], after[data.folds == 0])
    assert not np.allclose(before[data.folds == 1], after[data.folds == 1])


def test_of_several_targets_each_has_its_own() -> None:
    data = prepared().fit_data
    both = replace(data, y=np.column_stack([data.y, 10 * data.y]))
    n = len(data.train)
    one, ten = intervals_of(both, narrow(n, 2), "conformal")
    assert ten.reaches[1] > 5 * one.reaches[1] > 0
    ends = with_intervals(narrow(7, 2), (one, ten))[Output.INTERVAL]
    assert ends.shape == (7, 2, 2, 2)
    assert out_of_fold(both, narrow(n, 2), "conformal")[Output.INTERVAL].shape == (n, 2, 2, 2)


def test_the_laws_own_intervals_are_its_quantiles() -> None:
    data = prepared().fit_data
    said = narrow(len(data.train))
    ends = out_of_fold(data, said, "law")[Output.INTERVAL]
    for at, level in enumerate(STATED):
        np.testing.assert_allclose(ends[:, at].T, law_of(said).interval(level))


def test_values_alone_have_none_and_one_validation_set_has_none_of_itself() -> None:
    data = prepared(split={"validation": 0.3, "test": 0.25}).fit_data
    n = len(data.train)
    assert intervals_of(data, {Output.VALUE: np.zeros(n)}, "conformal") == ()
    assert Output.INTERVAL not in out_of_fold(data, {Output.VALUE: np.zeros(n)}, "conformal")
    assert np.isnan(out_of_fold(data, narrow(n), "conformal")[Output.INTERVAL]).all()
    assert intervals_of(data, narrow(n), "conformal")[0].reaches[1] > 0


@pytest.mark.parametrize("signed", [False, True])
def test_signed_weights_have_none_and_say_so(signed) -> None:
    data = prepared(**SETTINGS).fit_data
    w = data.w.copy()
    w[data.train[0]] *= -1 if signed else 1
    held = HeldOut.of(replace(data, w=w), narrow(len(data.train)))
    assert (held.calibrated().reaches == (None, None)) is signed
    assert any("negative" in why for why in held.refused) is signed
