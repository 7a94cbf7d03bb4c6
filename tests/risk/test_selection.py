"""The score of the chosen: unbiased where all are equal, untouched where one is alone, whatever the metric."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.findings import Score
from fivesigma.risk.folded import Folded
from fivesigma.risk.metrics import METRICS, metric
from fivesigma.risk.selection import Choice, choice, corrected

AUC = metric("roc_auc")


def binary(p):
    return np.column_stack([1 - p, p])


def noise(rng, n, models, shift=0.0):
    """Classes, folds, and predictions that know the class a little."""
    y = np.arange(n) % 2
    return y, np.arange(n) // 2 % 5, [binary(rng.random(n) * (1 - shift) + shift * y) for _ in range(models)]


def test_the_best_of_equal_models_is_worth_what_they_all_are():
    plain, left = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        y, fold, said = noise(rng, 100, 20)
        events = Folded(y, None, fold)
        best = max(events.value(AUC, each) for each in said)
        found = choice(AUC, events, said, rng, most=200)
        plain.append(best)
        left.append(best - found.optimism)
    assert np.mean(plain) > 0.58
    assert abs(np.mean(left) - 0.5) < 0.02


def test_one_model_alone_has_no_choice():
    rng = np.random.default_rng(0)
    y, fold, said = noise(rng, 60, 1)
    assert choice(AUC, Folded(y, None, fold), said, rng) is None
    undefined = [*said, np.full((60, 2), 0.5)]
    assert (
        choice(metric("pearson_r"), Folded(y * 1.0, None, fold), [each[:, 1] for each in undefined], rng)
        is None
    )


def test_a_model_far_ahead_owes_nothing_to_the_choice():
    rng = np.random.default_rng(1)
    y, fold, said = noise(rng, 200, 5)
    ahead = binary(np.clip(0.3 * rng.random(200) + 0.7 * y, 0, 1))
    found = choice(AUC, Folded(y, None, fold), [*said, ahead], rng, most=200)
    assert found.shares[-1] == 1.0
    assert found.optimism < 0.005


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "m", [each for each in METRICS.values() if each.needs_truth and each.scores.value in ("probability", "value")],
    ids=lambda m: m.name,
)  # fmt: skip
def test_every_metric_is_corrected_for_the_worse(m, weighted):
    rng = np.random.default_rng(2)
    y, fold, said = noise(rng, 300, 6, shift=0.1)
    groups = np.arange(300) // 3
    fold = groups % 5
    if m.scores.value == "value":
        y, said = y + 0.5 * rng.normal(size=300), [each[:, 1] for each in said]
    w = rng.uniform(0.5, 2.0, 300) if weighted else None
    found = choice(m, Folded(y, w, fold, groups), said, rng, most=100)
    assert found.optimism >= 0
    assert found.shares.sum() == pytest.approx(1.0)
    value = max((Folded(y, w, fold).value(m, each) for each in said), key=m.merit)
    after = corrected(m, Score(value, value, value), Choice(0.01, found.shares, found.resamples))
    assert m.merit(after.value) < m.merit(value)
    assert after.low == after.high == after.value


def test_groups_choose_as_wholes():
    rng = np.random.default_rng(3)
    y, _, said = noise(rng, 40, 4)
    copies = np.repeat(np.arange(40), 5)
    fold = np.arange(40) // 2 % 5
    single = choice(AUC, Folded(y, None, fold), said, np.random.default_rng(4), most=200)
    whole = choice(
        AUC,
        Folded(y[copies], None, fold[copies], copies),
        [each[copies] for each in said],
        np.random.default_rng(4),
        most=200,
    )
    assert whole.optimism == pytest.approx(single.optimism, abs=1e-12)
