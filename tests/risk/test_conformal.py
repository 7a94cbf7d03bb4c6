"""Conformal intervals: their level for events, weighted events and whole groups that were not fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scene import covered
from benchmarks.scenes.pred import SCENES, boosted, folded, forest
from fivesigma._core.errors import InputError
from fivesigma.risk.conformal import (
    STATED,
    ConformalIntervals,
    reach,
    refusal,
    units_of,
    values_as_law,
)
from fivesigma.risk.predictive import QuantileLaw

RNG = np.random.default_rng(0)
N = 120
SPREAD = RNG.uniform(0.2, 2.0, N)
LAWS = {
    "values": values_as_law(RNG.normal(size=N)),
    "gaussian": QuantileLaw.gaussian(RNG.normal(size=N), SPREAD),
    "skew": QuantileLaw(np.exp(np.multiply.outer(SPREAD, np.linspace(-1, 1, 13)))),
    "steps": QuantileLaw(np.round(np.multiply.outer(SPREAD, np.linspace(-1, 1, 13)), 0)),
}
Y = 1.5 * RNG.standard_t(4, size=N)
GROUPS = np.repeat(np.arange(40), 3)


def taken(law: QuantileLaw, rows: np.ndarray) -> QuantileLaw:
    return QuantileLaw(law.quantiles[rows])


def test_the_rank_is_that_of_split_conformal_and_holds_its_level() -> None:
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(2000):
        scores = np.abs(rng.standard_t(3, size=20))
        inside.append(scores[19] <= reach(scores[:19], np.ones(19), 0.8))
    assert np.mean(inside) == pytest.approx(0.8, abs=0.03)


def test_groups_hold_their_level_for_an_event_of_a_new_group() -> None:
    rng = np.random.default_rng(2)
    groups, held = np.repeat(np.arange(30), 5), {"by groups": [], "as events": []}
    for _ in range(1500):
        scores = np.abs(3 * rng.normal(size=31)[np.append(groups, 30)] + rng.normal(size=151))
        for way, given in (("by groups", groups), ("as events", None)):
            held[way].append(scores[150] <= reach(scores[:150], np.ones(150), 0.9, groups=given))
    assert np.mean(held["by groups"]) == pytest.approx(0.9 + 0.05 * 0.4, abs=0.03)
    assert np.mean(held["as events"]) < np.mean(held["by groups"]) - 0.01


@pytest.mark.parametrize("kind", LAWS)
def test_a_weight_of_k_is_k_copies_in_a_group(kind) -> None:
    k = RNG.integers(0, 4, N)
    at = np.repeat(np.arange(N), k)
    weighted = ConformalIntervals.calibrated(LAWS[kind], Y, k.astype(float), GROUPS)
    copies = ConformalIntervals.calibrated(taken(LAWS[kind], at), Y[at], np.ones(len(at)), GROUPS[at])
    assert weighted.units == pytest.approx(copies.units)
    np.testing.assert_allclose(weighted.of(LAWS[kind]), copies.of(LAWS[kind]), rtol=1e-12)


@pytest.mark.parametrize("kind", LAWS)
def test_order_unit_and_scale_of_weights_do_not_matter(kind) -> None:
    law, w, order = LAWS[kind], RNG.uniform(0.5, 2, N), RNG.permutation(N)
    ends = ConformalIntervals.calibrated(law, Y, w, GROUPS).of(law)
    again = ConformalIntervals.calibrated(taken(law, order), Y[order], 8 * w[order], GROUPS[order]).of(law)
    scaled = QuantileLaw(1000 * law.quantiles)
    milli = ConformalIntervals.calibrated(scaled, 1000 * Y, w, GROUPS)
    np.testing.assert_allclose(again, ends)
    if kind != "values":  # whose scores have the unit of the target
        np.testing.assert_allclose(
            milli.reaches, ConformalIntervals.calibrated(law, Y, w, GROUPS).reaches, rtol=1e-9
        )
    np.testing.assert_allclose(milli.of(scaled), 1000 * ends, rtol=1e-9)


@pytest.mark.parametrize("kind", LAWS)
def test_what_made_them_is_inside_them_and_none_is_inside_out(kind) -> None:
    law = LAWS[kind]
    found = ConformalIntervals.calibrated(law, Y, np.ones(N))
    ends = found.of(law)
    for at, level in enumerate(STATED):
        inside = np.mean((ends[:, at, 0] <= Y) & (ends[:, at, 1] >= Y))
        assert level <= inside <= level + 0.25 * (kind == "steps") + 0.03
    shrunk = ConformalIntervals(STATED, (-9.0, -9.0), found.floor, N).of(law)
    assert (shrunk[..., 0] <= shrunk[..., 1]).all()


def test_one_events_interval_does_not_depend_on_the_others_asked_about() -> None:
    law = LAWS["steps"]
    found = ConformalIntervals.calibrated(law, Y, np.ones(N))
    alone = np.concatenate([found.of(taken(law, np.array([i]))) for i in range(N)])
    np.testing.assert_array_equal(alone, found.of(law))


def test_too_few_units_have_no_interval_and_a_sentence() -> None:
    few = ConformalIntervals.calibrated(LAWS["gaussian"], Y, np.ones(N), np.arange(N) % 19)
    assert few.reaches[0] is not None
    assert few.reaches[1] is None
    assert np.isnan(few.of(LAWS["gaussian"])[:, 1]).all()
    assert refusal(20.0, 0.95, grouped=True) == refusal(19.0, 0.95) == ""
    with pytest.raises(InputError, match=r"19 groups that were not fitted to .* expected at least 20"):
        reach(Y, np.ones(N), 0.95, groups=np.arange(N) % 19)
    assert units_of(np.array([3.0, 1.0, 2.0, 2.0]), np.array([0, 0, 1, 1])) == 2.0


@pytest.mark.parametrize("name", ["interval-groups", "interval-groups-weighted"])
def test_the_scenes_of_groups_keep_their_promise_in_small(name) -> None:
    found = covered(SCENES[name], 300)
    assert found.rate > 0.95 - 3 * 0.0126


@pytest.mark.parametrize("fit_predict", [boosted, forest])
def test_laws_of_few_heavy_tailed_events_hold_too_little_and_their_conformal_intervals_do(
    fit_predict,
) -> None:
    rng, held = np.random.default_rng(0), {"law": [], "conformal": []}
    for _ in range(8):
        X, e = rng.normal(size=(520, 3)), rng.standard_t(2.5, 520)
        y = X[:, 0] + 0.5 * X[:, 1] + e
        inside, law = folded(fit_predict, X[:120], y[:120], X[120:], np.arange(120))
        made = ConformalIntervals.calibrated(inside, y[:120], np.ones(120))
        for way, found in (("law", ConformalIntervals.of_law()), ("conformal", made)):
            low, high = found.of(law)[:, 1].T
            held[way].append(np.mean((low <= y[120:]) & (y[120:] <= high)))
    assert np.mean(held["law"]) < 0.945
    assert 0.935 < np.mean(held["conformal"]) < 0.98
    assert np.mean(held["conformal"]) > np.mean(held["law"]) + 0.02
