"""The cut flow: counts, weights of either sign, and the intervals of each line."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.cuts import READ, cut_flow, documents, of_classes
from fivesigma.risk.efficiency import variance
from fivesigma.risk.intervals import clopper_pearson

RNG = np.random.default_rng(0)
N = 300
CUTS = {"trigger": RNG.random(N) < 0.8, "two muons": RNG.random(N) < 0.5}
KEYS = {"name", "n", "sum_w", "efficiency", "low", "high"}


def test_counts_have_the_exact_interval_of_the_events_read() -> None:
    flow = documents(cut_flow(CUTS))
    both = int((CUTS["trigger"] & CUTS["two muons"]).sum())
    assert [set(line) for line in flow] == [KEYS] * 3
    assert flow[0] == {"name": READ, "n": N, "sum_w": N, "efficiency": 1.0, "low": 1.0, "high": 1.0}
    assert (flow[2]["name"], flow[2]["n"], flow[2]["efficiency"]) == ("two muons", both, both / N)
    assert (flow[2]["low"], flow[2]["high"]) == clopper_pearson(both / N, N)


def test_steps_are_relative_to_the_line_before() -> None:
    first, second = cut_flow(CUTS)[1:]
    assert second.of_last.efficiency == pytest.approx(second.n / first.n)
    assert first.of_last == first.of_all


def test_a_cut_that_all_or_none_pass_has_a_one_sided_limit() -> None:
    all_, none = cut_flow({"all": np.ones(40, bool), "none": np.zeros(40, bool)})[1:]
    assert (all_.of_all.low, all_.of_all.high) == clopper_pearson(1.0, 40)
    assert (none.of_all.low, none.of_all.high) == clopper_pearson(0.0, 40)


def test_after_nothing_is_left_a_step_has_no_efficiency() -> None:
    last = cut_flow({"none": np.zeros(40, bool), "then": np.ones(40, bool)})[-1]
    assert (last.n, last.of_last.efficiency, last.of_all.efficiency) == (0, None, 0.0)


def test_signed_weights_have_the_variance_of_their_squares_and_may_leave_one() -> None:
    w = np.where(np.arange(N) % 10 == 0, -1.0, 1.0)
    line = cut_flow({"positive": w > 0}, w)[1]
    assert line.sum_w == pytest.approx((w > 0).sum())
    assert line.of_all.efficiency == pytest.approx((w > 0).sum() / w.sum())
    assert line.of_all.efficiency > 1
    reach = (line.of_all.high - line.of_all.low) / 2
    assert reach == pytest.approx(1.97 * np.sqrt(variance(w > 0, w)), rel=0.02)
    assert "may leave [0, 1]" in line.of_all.method


def test_below_ten_effective_events_there_is_no_interval() -> None:
    line = cut_flow({"a": np.arange(12) < 6}, np.where(np.arange(12) < 3, -1.0, 1.0))[1]
    assert (line.of_all.low, line.of_all.high) == (None, None)
    assert "no interval" in line.of_all.method


def test_weight_k_is_a_factor_that_cancels() -> None:
    w = RNG.uniform(0.5, 2.0, N)
    one, two = (documents(cut_flow(CUTS, k * w)) for k in (1.0, 1e-3))
    for a, b in zip(one[1:], two[1:], strict=True):
        assert a["efficiency"] == pytest.approx(b["efficiency"])
        assert a["low"] == pytest.approx(b["low"])


def test_the_flow_of_classes_is_that_of_their_events_alone() -> None:
    code, w = RNG.integers(-1, 3, N), RNG.uniform(0.5, 2.0, N)
    found = of_classes(CUTS, w, code, ("a", "b", "c", "none"))
    assert list(found) == ["a", "b", "c"]
    for k, name in enumerate("abc"):
        own = code == k
        assert found[name] == cut_flow({cut: mask[own] for cut, mask in CUTS.items()}, w[own])


@pytest.mark.parametrize("k", [3])
def test_an_event_of_weight_k_counts_as_k_in_the_efficiency(k: int) -> None:
    mask = CUTS["trigger"]
    weighed = documents(cut_flow({"a": mask}, np.where(np.arange(N) < 50, float(k), 1.0)))[1]
    copies = documents(cut_flow({"a": np.concatenate([mask, *[mask[:50]] * (k - 1)])}))[1]
    assert weighed["efficiency"] == pytest.approx(copies["efficiency"])
    assert weighed["sum_w"] == copies["n"]
