"""Every metric with a negative weight: the answer worked by hand, or one refusal."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma.risk.metrics import METRICS

SIGNAL = np.array([0.2, 0.6, 0.4, 0.8, 0.9])
CLASSES = np.array([0, 0, 1, 1, 1])
CLASS_WEIGHTS = np.array([2.0, 1.0, 3.0, -1.0, 2.0])  # Σ of signal 4, of background 3
NUMBERS = np.array([0.0, 1.0, 2.0, 3.0])
VALUES = np.array([0.0, 2.0, 2.0, 3.0])
WEIGHTS = np.array([1.0, 2.0, -1.0, 1.0])  # Σ 3, mean target 1
TRUTH, LABELS, COUNTS = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]), np.array([1.0, 2.0, 2.0, -1.0])

SCENES = {
    Output.PROBABILITY: (CLASSES, np.column_stack([1 - SIGNAL, SIGNAL]), CLASS_WEIGHTS),
    Output.VALUE: (NUMBERS, VALUES, WEIGHTS),
    Output.LAW: (NUMBERS, VALUES, WEIGHTS),
    Output.LABEL: (TRUTH, LABELS, COUNTS),
    Output.DENSITY: (TRUTH, np.array([-1.0, -2.0, -3.0, -4.0]), COUNTS),
}


def crps(r: float) -> float:
    return r * (2 * norm.cdf(r) - 1) + 2 * norm.pdf(r) - 1 / np.sqrt(np.pi)


def cowan(s: float, b: float, error: float) -> float:
    first = (s + b) * np.log((s + b) * (b + error**2) / (b**2 + (s + b) * error**2))
    return (2 * (first - b**2 / error**2 * np.log(1 + error**2 * s / (b * (b + error**2))))) ** 0.5


BY_HAND = {
    "roc_auc": (3 * 2 - 1 * 3 + 2 * 3) / (4 * 3),
    "accuracy": (2 - 1 + 2) / 7,
    "balanced_accuracy": (2 / 3 + (-1 + 2) / 4) / 2,
    "log_loss": -(2 * np.log(0.8) + np.log(0.4) + 3 * np.log(0.4) - np.log(0.8) + 2 * np.log(0.9)) / 7,
    "brier": (2 * 0.04 + 0.36 + 3 * 0.36 - 0.04 + 2 * 0.01) / 7,
    "ece": (2 * 0.2 + 3 * 0.6 + 0.6 + 0.2 + 2 * 0.1)
    / 7,  # of nine units of |w|, each event is in a tenth of its own
    "f1": 2 * (-1 + 2) / ((1 - 1 + 2) + 4),
    "matthews": (7 * (2 + 1) - (5 * 3 + 2 * 4)) / np.sqrt((49 - 25 - 4) * (49 - 9 - 16)),
    "rejection_30": 3 / 1,
    "rejection_50": 3 / 1,
    "rejection_80": 3 / 1,
    "asimov": np.sqrt(2 * (2 * np.log(2) - 1)),  # s = -1 + 2, b = 1 above the cut
    "asimov_10": cowan(1, 1, 0.1),
    "ams": np.sqrt(2 * (12 * np.log(12 / 11) - 1)),
    "r2": 1 - 2 / (1 + 0 - 1 + 4),
    "rmse": np.sqrt(2 / 3),
    "mae": 2 / 3,
    "pearson_r": 4 / np.sqrt(4 * 14 / 3),
    "fidelity": (2 * np.sqrt(2) - 2 + 3) ** 2 / ((2 - 2 + 3) * (4 - 2 + 3)),
    "log_fidelity": (1 + 2 * np.exp(1.5) - np.exp(2) + np.exp(3)) ** 2
    / ((1 + 2 * np.e - np.exp(2) + np.exp(3)) * (1 + np.exp(2) + np.exp(3))),
    "nll": 0.5 * np.log(2 * np.pi) + 0.5 * 2 / 3,
    "crps": (crps(0) + 2 * crps(1) - crps(0) + crps(0)) / 3,
    "overlap": ((3 + 2) / 4 - 1 / 2) / (1 / 2),
    "log_likelihood": (-1 - 2 * 2 - 2 * 3 + 4) / 4,
}
CUTS = {Output.PROBABILITY: 0.5, Output.LAW: 1.0}


def arguments(each) -> dict:
    return {"cut": CUTS[each.scores]} if each.has_cut else {}


@pytest.mark.parametrize("each", METRICS.values(), ids=lambda each: each.name)
def test_the_answer_is_worked_by_hand_or_there_is_one_refusal(each):
    y, prediction, w = SCENES[each.scores]
    if each.unsigned:
        with pytest.raises(
            InputError, match=f"{each.name} takes no negative weights: .*; choose another metric"
        ):
            each.value(y, prediction, w, **arguments(each))
        with pytest.raises(InputError, match="takes no negative weights"):
            each.resampled(y, prediction, w, np.ones((2, len(y)), np.uint8), **arguments(each))
    else:
        assert each.value(y, prediction, w, **arguments(each)) == pytest.approx(BY_HAND[each.name], rel=1e-9)


@pytest.mark.parametrize("each", [m for m in METRICS.values() if not m.unsigned], ids=lambda each: each.name)
def test_resamples_keep_the_sign(each):
    y, prediction, w = SCENES[each.scores]
    counts = np.random.default_rng(1).integers(0, 4, (20, len(y))).astype(np.uint8)
    found = each.resampled(y, prediction, w, counts, **arguments(each))
    for value, times in zip(found, counts, strict=True):
        np.testing.assert_allclose(value, each.value(y, prediction, w * times, **arguments(each)), rtol=1e-9)


@pytest.mark.parametrize("name", ["roc_auc", "balanced_accuracy", "matthews"])
def test_a_class_whose_weights_cancel_has_no_score(name):
    y, prediction, w = SCENES[Output.PROBABILITY]
    assert np.isnan(METRICS[name].value(y, prediction, np.where(y == 1, [1, 1, 1.0, -2.0, 0.5], w)))
    assert np.isnan(METRICS[name].value(y, prediction, -w))


def test_many_classes_rank_by_the_same_bilinear_form():
    rng = np.random.default_rng(0)
    y, p = np.arange(260) % 13, rng.dirichlet(np.ones(13), 260)
    w = np.where(rng.random(260) < 0.2, -1.0, 1.0)
    one_by_one = []
    for k in range(13):
        s, b = y == k, y != k
        above = (p[s, k][:, None] > p[b, k]) + 0.5 * (p[s, k][:, None] == p[b, k])
        one_by_one.append(w[s] @ above @ w[b] / (w[s].sum() * w[b].sum()))
    auc = METRICS["roc_auc"]
    assert auc.value(y, p, w) == pytest.approx(np.mean(one_by_one), rel=1e-9)
    assert auc.resampled(y, p, w, np.ones((1, 260), np.uint8))[0] == pytest.approx(
        np.mean(one_by_one), rel=1e-9
    )
