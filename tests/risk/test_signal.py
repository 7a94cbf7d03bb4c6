"""What a slice is asked of its signal: a bias of the probabilities, and an efficiency with exact limits."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.evidence import Part, measure, score
from fivesigma.risk.intervals import clopper_pearson
from fivesigma.risk.signal import SignalBias, SignalEfficiency

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, 200)
P = RNG.random(200)
PREDICTION = np.column_stack([1 - P, P])


def judged(metric, y=Y, w=None, groups=None):
    part = Part.draw(y, np.random.default_rng(1), w=w, groups=groups, n_boot=400)
    return score(measure(metric, part, PREDICTION[: len(y)]), claim="fitted")


def test_a_bias_is_the_mean_probability_less_the_share():
    w = RNG.random(200)
    assert SignalBias().value(Y, PREDICTION, w) == pytest.approx(np.average(P - Y, weights=w))
    found = judged(SignalBias())
    assert found.low < np.mean(P - Y) < found.high
    assert SignalBias().merit([-0.2, 0.1]).tolist() == [-0.2, -0.1]


def test_an_efficiency_has_the_exact_limits_of_its_signal():
    found = judged(SignalEfficiency(at=0.3))
    n = int(Y.sum())
    assert found.value == pytest.approx((P[Y == 1] >= 0.3).mean())
    assert (found.low, found.high) == pytest.approx(clopper_pearson(found.value, n))


@pytest.mark.parametrize("at", [0.0, 1.1])
def test_an_efficiency_at_its_bound_has_a_one_sided_limit(at):
    found = judged(SignalEfficiency(at=at))
    assert found.value in (0.0, 1.0)
    assert found.high - found.low == pytest.approx(1 - 0.05 ** (1 / Y.sum()))


def test_weights_and_groups_make_it_less_certain():
    plain = judged(SignalEfficiency(at=0.3))
    heavy = judged(SignalEfficiency(at=0.3), w=RNG.exponential(size=200) ** 2)
    grouped = judged(SignalEfficiency(at=0.3), groups=np.repeat(np.arange(20), 10))
    for other in (heavy, grouped):
        assert other.high - other.low > plain.high - plain.low


def test_weight_is_number_of_copies():
    k = RNG.integers(0, 4, 200)
    rows = np.repeat(np.arange(200), k)
    for each in (SignalBias(), SignalEfficiency(at=0.4)):
        weighted = each.value(Y, PREDICTION, k.astype(float))
        assert weighted == pytest.approx(each.value(Y[rows], PREDICTION[rows]), rel=1e-12)


def test_without_signal_there_is_no_efficiency():
    assert np.isnan(SignalEfficiency(at=0.4).value(np.zeros(3, int), PREDICTION[:3]))
