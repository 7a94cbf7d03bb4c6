"""Metrics of class probabilities, each by hand, by its definition or against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as reference

from fivesigma._core.errors import InputError
from fivesigma.risk.classification import (
    Accuracy,
    BalancedAccuracy,
    Brier,
    CalibrationError,
    LogLoss,
    Ranking,
    RocAuc,
    probabilities,
)

FAMILY = [Accuracy(), BalancedAccuracy(), LogLoss(), Brier(), CalibrationError(), RocAuc()]


def sample(n_classes, n=200, seed=0, *, coarse=False):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % n_classes)
    p = rng.dirichlet(np.ones(n_classes), n)
    p[np.arange(n), y] += 0.3
    p = np.round(p, 1) + 0.01 if coarse else p
    return y, p / p.sum(axis=1, keepdims=True), rng.exponential(size=n)


@pytest.mark.parametrize("each", FAMILY, ids=lambda m: m.name)
@pytest.mark.parametrize(
    ("y", "prediction", "said"),
    [
        ([0, 1], [0.1, 0.9], r"expected probabilities \(n, classes\)"),
        ([0, 1], [[0.1], [0.9]], r"expected probabilities \(n, classes\)"),
        ([0, 2], [[0.1, 0.9], [0.5, 0.5]], "class codes from 0 to 2; expected 0 to 1"),
        ([-1, 1], [[0.1, 0.9], [0.5, 0.5]], "class codes from -1 to 1"),
    ],
)
def test_what_is_no_matrix_of_probabilities_is_refused(each, y, prediction, said):
    with pytest.raises(InputError, match=said):
        each.value(np.array(y), np.array(prediction))


def test_a_matrix_of_probabilities_passes_as_it_is():
    p = np.full((2, 3), 1 / 3)
    assert probabilities(np.array([0, 2]), p) is p


@pytest.mark.parametrize("n_classes", [2, 4, 15])
@pytest.mark.parametrize("coarse", [False, True])
def test_they_are_those_of_scikit_learn(n_classes, coarse):
    y, p, w = sample(n_classes, coarse=coarse)
    best = p.argmax(axis=1)
    assert Accuracy().value(y, p, w) == pytest.approx(reference.accuracy_score(y, best, sample_weight=w))
    balanced = reference.balanced_accuracy_score(y, best, sample_weight=w)
    assert BalancedAccuracy().value(y, p, w) == pytest.approx(balanced)
    assert LogLoss().value(y, p, w) == pytest.approx(reference.log_loss(y, p, sample_weight=w))
    areas = [reference.roc_auc_score(y == k, p[:, k], sample_weight=w) for k in range(n_classes)]
    assert RocAuc().value(y, p, w) == pytest.approx(np.mean(areas[1:] if n_classes == 2 else areas))
    square = ((p - np.eye(n_classes)[y]) ** 2).sum(axis=1) / (2 if n_classes == 2 else 1)
    assert Brier().value(y, p, w) == pytest.approx(np.average(square, weights=w))


def test_a_certain_mistake_has_a_finite_log_loss():
    p = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert LogLoss().value(np.array([0, 1]), p) == pytest.approx(-0.5 * np.log(np.finfo(float).eps))


@pytest.mark.parametrize("each", [RocAuc(), BalancedAccuracy()], ids=lambda m: m.name)
@pytest.mark.parametrize("n_classes", [2, 12])
def test_without_one_of_the_classes_they_are_undefined(each, n_classes):
    y, p, w = sample(n_classes)
    assert np.isnan(each.value(y[y != 1], p[y != 1], w[y != 1]))
    assert np.isnan(each.value(y, p, np.where(y == 1, 0.0, w)))
    counts = np.ones((2, len(y)), np.uint8)
    counts[1, y == 1] = 0
    found = each.resampled(y, p, w, counts)
    assert np.isfinite(found[0])
    assert np.isnan(found[1])


@pytest.mark.parametrize("each", FAMILY, ids=lambda m: m.name)
def test_without_weight_they_are_undefined(each):
    y, p, _ = sample(3)
    assert np.isnan(each.value(y, p, np.zeros(len(y))))


def test_ties_between_the_sides_count_half_and_within_a_side_nothing():
    score, member = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0]), np.array([0, 1, 1, 1, 0, 0], bool)
    ranking = Ranking.of(score, member, np.array([1.0, 2.0, 3.0, 1.0, 1.0, 1.0]))
    assert ranking.tied
    # pairs won: the two at 2.0 (weight 4) beat one of three; tied: weight 2 with weight 1
    assert ranking.area(np.ones((1, 6), np.uint8))[0] == pytest.approx((4.0 + 0.5 * 2.0) / (6.0 * 3.0))
    apart = Ranking.of(np.arange(6.0), member, np.ones(6))
    assert not apart.tied


def by_definition(p, hit, w, bins):
    """The calibration error event by event: equal p stay together, in the bin of the middle of their weight."""
    total, gaps, upto = w.sum(), np.zeros(bins), 0.0
    for value in np.unique(p):
        own = p == value
        middle = upto + 0.5 * w[own].sum()
        place = min(int(np.floor(middle / total * bins + 1e-9)), bins - 1)
        gaps[place] += (w[own] * (value - hit[own])).sum()
        upto += w[own].sum()
    return np.abs(gaps).sum() / total


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("bins", [1, 4, 10])
def test_the_calibration_error_is_what_its_bins_say(n_classes, coarse, bins):
    y, p, w = sample(n_classes, coarse=coarse)
    stated = p[:, 1] if n_classes == 2 else p.max(axis=1)
    hit = y == 1 if n_classes == 2 else p.argmax(axis=1) == y
    found = CalibrationError(bins=bins).value(y, p, w)
    assert found == pytest.approx(by_definition(stated, hit, w, bins), rel=1e-9)
    counts = np.random.default_rng(1).poisson(1.0, (5, len(y))).astype(np.uint8)
    for drawn, c in zip(CalibrationError(bins=bins).resampled(y, p, w, counts), counts, strict=True):
        assert drawn == pytest.approx(by_definition(stated, hit, c * w, bins), rel=1e-7, abs=1e-12)
