"""Cross-fitted scores: whatever brings variance to a cross-validation is in the spread of its halves."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk import intervals
from fivesigma.risk.crossfit import Halving, compare, cross_fitted, halved, score, spread
from fivesigma.risk.folded import Folded
from fivesigma.risk.metrics import METRICS, metric
from fivesigma.risk.resampling import Part, measure
from fivesigma.risk.strata import Strata

N, K = 200, 5
BRIER = metric("brier")


def binary(p):
    return np.column_stack([1 - p, p])


def events(rng, n=N):
    y = rng.integers(0, 2, n)
    return y, Folded(y, None, rng.permutation(np.arange(n) % K)), Part.draw(y, rng, n_boot=200)


def fitted(rng, y, folded, part, *, luck=0.0, m=BRIER, n_halvings=10):
    """Predictions that know the class a little; ``luck`` is how much more the fits of one fold all do."""

    def said(cells):
        shift = luck * rng.normal(size=int(cells.max()) + 1)[cells]
        return binary(
            np.clip(0.5 + 0.15 * (2 * y - 1) * (1 + shift) + 0.2 * rng.normal(size=len(y)), 0.02, 0.98)
        )

    cells = [halved(np.arange(len(y)), y, K, rng) for _ in range(n_halvings)]
    halvings = [Halving(c // K, c % K, said(c)) for c in cells]
    return cross_fitted(m, folded, part, said(folded.fold), halvings)


def test_a_half_holds_whole_units_and_its_folds_the_classes():
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(60), 3)
    y = np.repeat(np.arange(60) % 3 == 0, 3).astype(int)
    cells = halved(units, y, 3, rng)
    assert all(len(np.unique(cells[units == unit])) == 1 for unit in range(60))
    assert sorted(np.unique(cells)) == list(range(6))
    by_fold = [y[cells == cell].sum() for cell in range(3)]
    assert max(by_fold) - min(by_fold) <= 3
    held = halved(units, y, 3, rng, hold=True)
    assert y[held < 3].sum() == y[held >= 3].sum() == 30


def test_the_spread_is_that_of_one_cross_validation():
    rng = np.random.default_rng(1)
    stat, more = 1.0, 0.5
    found = []
    for _ in range(400):
        shares = 2 * stat**0.5 * rng.normal(size=10)
        halves = shares + 2 * more**0.5 * rng.normal(size=10)
        found.append(spread(halves, shares, stat, dof=1e6))
    assert np.mean([each.variance for each in found]) == pytest.approx(stat + more, rel=0.12)
    assert all(each.variance >= stat for each in found)
    assert all(10 <= each.dof < 1e6 for each in found)
    assert spread(np.array([1.0]), np.array([1.0]), stat, dof=9.0) is None


def test_lucky_folds_are_in_the_error_of_the_procedure_and_not_of_the_fitted_models():
    rng = np.random.default_rng(2)
    y, folded, part = events(rng)
    found = fitted(rng, y, folded, part, luck=1.0)
    procedure, models = score(found), score(found, claim="fitted")
    assert procedure.error.train > models.error.stat
    assert procedure.high - procedure.low > 1.5 * (models.high - models.low)
    assert "10 halvings" in procedure.method
    assert "these fitted models" in models.method


def test_equal_procedures_are_not_told_apart_and_their_fitted_models_are():
    told, fooled = 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        y, folded, part = events(rng)
        pair = [fitted(rng, y, folded, part, luck=1.5) for _ in range(2)]
        told += abs(compare(*pair).sigma_local) >= 3
        fooled += abs(compare(*pair, claim="fitted").sigma_local) >= 3
    assert told == 0
    assert fooled > 3


def test_a_difference_turned_round_is_its_negative():
    rng = np.random.default_rng(3)
    y, folded, part = events(rng)
    a, b = (fitted(rng, y, folded, part, luck=0.5) for _ in range(2))
    one, other = compare(a, b), compare(b, a)
    assert one.difference == -other.difference
    assert one.sigma_local == pytest.approx(-other.sigma_local)
    same = compare(a, a)
    assert (same.difference, same.sigma_local, same.p) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    "m", [each for each in METRICS.values() if each.needs_truth and each.scores.value in ("probability", "value")],
    ids=lambda m: m.name,
)  # fmt: skip
@pytest.mark.parametrize("more", [False, True], ids=["plain", "weights-and-groups"])
def test_every_metric_has_a_score_with_its_interval_or_a_reason(m, more):
    rng = np.random.default_rng(4)
    n = 400
    y = rng.integers(0, 2, n)
    groups = np.arange(n) // 2 if more else None
    w = rng.uniform(0.5, 2.0, n) if more else None
    fold = (np.arange(n) // 2) % K
    units = np.arange(n) // 2
    p = [np.clip(0.5 + 0.15 * (2 * y - 1) + 0.2 * rng.normal(size=n), 0.02, 0.98) for _ in range(9)]
    said = [binary(each) for each in p] if m.scores.value == "probability" else p
    truth = y if m.scores.value == "probability" else y + 0.3 * rng.normal(size=n)
    folded = Folded(truth, w, fold, groups)
    part = Part.draw(truth, rng, w=w, groups=groups, n_boot=200)
    cells = [halved(units, y, K, rng) for _ in range(8)]
    halvings = [Halving(c // K, c % K, each) for c, each in zip(cells, said[1:], strict=True)]
    found = score(cross_fitted(m, folded, part, said[0], halvings))
    if found.low is None and found.high is None:
        assert found.method.startswith("no interval")
    else:
        assert (found.low or -np.inf) <= found.value <= (found.high or np.inf)
        assert found.error.train >= 0
    assert (found.low is None) == (not m.interval)


def test_few_events_and_a_score_at_its_bound_have_no_interval():
    rng = np.random.default_rng(5)
    y, folded, part = events(rng, 20)
    assert "fewer than 30" in score(fitted(rng, y, folded, part)).method
    y, folded, part = events(rng)
    perfect = cross_fitted(metric("accuracy"), folded, part, binary(y * 1.0))
    assert "at its bound" in score(perfect).method
    constant = cross_fitted(metric("roc_auc"), folded, part, np.full((N, 2), 0.5))
    assert "every resample" in score(constant).method


@pytest.mark.parametrize("held", [None, 0.0, 0.3])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("name", ["accuracy", "brier", "f1", "matthews", "balanced_accuracy"])
def test_of_these_fitted_models_it_is_what_a_test_of_the_same_events_would_say(name, grouped, held):
    rng, m = np.random.default_rng(4), metric(name)
    y = np.repeat([0, 1], [N - N // 4, N // 4])
    groups = np.arange(N) // 2 if grouped else None
    strata = None if held is None else Strata(y, np.full(2, held))
    part = Part.draw(y, rng, groups=groups, n_boot=400, strata=strata)
    said = binary(np.clip(0.3 + 0.4 * y + 0.25 * rng.normal(size=N), 0.01, 0.99))
    crossed = score(cross_fitted(m, Folded(y, None, np.arange(N) % K, groups), part, said), claim="fitted")
    tested = intervals.score(measure(m, part, said), claim="fitted")
    assert (crossed.value, crossed.low, crossed.high) == pytest.approx(
        (tested.value, tested.low, tested.high)
    )
