"""Out-of-fold predictions under multiplicities: folds are averaged where a model ranks, cuts come from other folds."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk import folded
from fivesigma.risk.folded import Folded
from fivesigma.risk.metrics import METRICS, metric
from fivesigma.risk.targets import OverTargets

N, K = 200, 4
RNG = np.random.default_rng(11)
FOLD = np.arange(N) % K
Y = RNG.integers(0, 2, N)
P = 1 / (1 + np.exp(-(2 * Y - 1 + 1.5 * RNG.normal(size=N))))
PROBABILITY = np.column_stack([1 - P, P])
W = RNG.uniform(0.5, 2.0, N)
BINARY = [m for m in METRICS.values() if m.scores.value == "probability" and m.needs_truth]
NUMBERS = [m for m in METRICS.values() if m.scores.value == "value" and m.needs_truth]


def said(m):
    """Truth and prediction that a metric takes."""
    return (Y, PROBABILITY) if m in BINARY else (Y + RNG.normal(size=N), Y + P)


@pytest.mark.parametrize("m", [*BINARY, *NUMBERS], ids=lambda m: m.name)
def test_multiplicities_score_as_repeated_rows(m):
    y, prediction = said(m)
    counts = RNG.poisson(1, (3, N)).astype(np.uint8)
    events = Folded(y, W, FOLD)
    decided, cut = events.decided(m, prediction)
    for row, found in zip(counts, events.resampled(m, prediction, counts), strict=True):
        rows = np.repeat(np.arange(N), row)
        if m.averaged and cut is None:
            each = [
                m.value(y[at], decided[at], W[at], cut=cut)
                for at in (rows[FOLD[rows] == k] for k in range(K))
            ]
            totals = [W[rows[FOLD[rows] == k]].sum() for k in range(K)]
            expected = np.average(each, weights=totals)
        else:
            expected = m.value(y[rows], decided[rows], W[rows], cut=cut)
        assert found == pytest.approx(expected, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("name", ["rejection_50", "rejection_80"])
def test_where_the_leaderboard_ranks_by_the_mean_a_cut_does_too_if_every_fold_lets_background_pass(name):
    m, counts = metric(name), RNG.poisson(1, (4, N)).astype(np.uint8)
    counts[3, (FOLD == 2) & (Y == 0)] = 0
    events = Folded(Y, W, FOLD, mean_at_cut=True)
    decided, cut = events.decided(m, PROBABILITY)
    pooled = Folded(Y, W, FOLD).resampled(m, PROBABILITY, counts)
    for number, found in enumerate(events.resampled(m, PROBABILITY, counts)):
        inside = [np.flatnonzero(np.equal(FOLD, k)) for k in range(K)]
        rows = [np.repeat(at, counts[number, at]) for at in inside]
        each = [m.value(Y[at], decided[at], W[at], cut=cut) for at in rows]
        if np.isfinite(each).all():
            assert found == pytest.approx(np.average(each, weights=[W[at].sum() for at in rows]))
            assert found != pytest.approx(pooled[number])
        else:
            assert found == pooled[number]
    assert not np.isfinite(each).all()


def test_a_constant_of_each_fold_ranks_nothing():
    level = np.array([0.2, 0.3, 0.4, 0.5])[FOLD]
    events = Folded(Y, None, FOLD)
    assert events.value(metric("roc_auc"), np.column_stack([1 - level, level])) == 0.5


def test_a_fold_without_a_class_is_left_out_of_a_mean():
    y = np.where(FOLD == 0, 0, Y)
    events, rest = Folded(y, None, FOLD), FOLD > 0
    expected = Folded(y[rest], None, FOLD[rest]).value(metric("roc_auc"), PROBABILITY[rest])
    assert events.value(metric("roc_auc"), PROBABILITY) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["rmse", "crps"])
def test_several_targets_are_no_two_classes(name):
    y = RNG.normal(size=(N, 2))
    said, m = y + 0.3 * RNG.normal(size=(N, 2)), OverTargets(metric(name), 2)
    events = Folded(y, W, FOLD)
    assert events.value(m, said) == pytest.approx(m.value(y, said, W, cut=m.cut(y, said, W)))
    assert len(events.resampled(m, said, RNG.poisson(1, (3, N)))) == 3


def test_no_event_has_a_say_in_the_cut_that_it_is_held_against():
    m, other = metric("asimov"), PROBABILITY.copy()
    at = FOLD == 1
    other[at] = PROBABILITY[at][::-1]
    before, cut = Folded(Y, None, FOLD).decided(m, PROBABILITY)
    after, _ = Folded(Y, None, FOLD).decided(m, other)
    assert cut == 0.5
    assert (before[at] == after[at][::-1]).all()


@pytest.mark.parametrize("m", [m for m in BINARY if m.averaged], ids=lambda m: m.name)
@pytest.mark.parametrize("mean_at_cut", [False, True])
def test_events_of_no_weight_are_as_if_they_were_not_there_even_where_they_are_all_of_a_class(m, mean_at_cut):
    gone = (FOLD == 2) & (Y == 1)
    there, w = np.flatnonzero(~gone), np.where(gone, 0.0, W)
    counts = RNG.poisson(1, (3, N)).astype(np.uint8)
    whole = Folded(Y, w, FOLD, mean_at_cut=mean_at_cut).resampled(m, PROBABILITY, counts)
    fewer = Folded(Y[there], W[there], FOLD[there], mean_at_cut=mean_at_cut)
    assert whole == pytest.approx(fewer.resampled(m, PROBABILITY[there], counts[:, there]), nan_ok=True)


def test_other_multiplicities_are_not_taken_for_those_before() -> None:
    """Folds are kept for the counts that are asked about: other ones are other folds."""
    rng = np.random.default_rng(8)
    n = 200
    y, p = rng.integers(0, 2, n), rng.random(n)
    events, said = Folded(y, None, np.arange(n) % 4), np.column_stack([1 - p, p])
    first, second = (rng.poisson(1.0, (6, n)).astype(np.uint8) for _ in range(2))
    auc = metric("roc_auc")
    alone = [Folded(y, None, np.arange(n) % 4).resampled(auc, said, counts) for counts in (first, second)]
    value = events.value(auc, said)
    for counts, expected in ((first, alone[0]), (second, alone[1]), (first, alone[0])):
        np.testing.assert_array_equal(events.resampled(auc, said, counts), expected)
        assert events.value(auc, said) == value


@pytest.mark.parametrize("m", BINARY, ids=lambda m: m.name)
def test_scores_are_the_same_whether_folds_keep_their_multiplicities_or_not(monkeypatch, m) -> None:
    counts, found = RNG.poisson(1, (3, N)).astype(np.uint8), []
    for kept in (0, 2**26):
        monkeypatch.setattr(folded, "KEPT", kept)
        events = Folded(Y, W, FOLD, mean_at_cut=True)
        found.append([events.resampled(m, PROBABILITY, counts) for _ in range(2)])
        assert all((fold.kept is None) == (kept == 0) for _, folds in events._resampled for fold in folds)
    np.testing.assert_array_equal(*found)
