"""Rounds that are gone in one call are those that are gone one by one."""

import numpy as np
import pytest

from fivesigma.models.trees import BoostingClassifier, boosting_rounds
from fivesigma.models.trees.boosting_losses import CrossEntropy, SquaredError

NODES = ("feature", "first", "cut", "child", "value", "roots", "outputs", "weight", "gain")


def nodes(**settings) -> list[bytes]:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(90, 3)).round(1)
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0]) + rng.normal(size=90) > 0.3
    w = settings.pop("weights", None)
    model = BoostingClassifier(max_iter=23, random_state=1, **settings).fit(X, y, w)
    return [getattr(model._trees, name).tobytes() for name in NODES] + [model._start.tobytes()]


@pytest.mark.parametrize(
    "settings",
    [
        {"max_features": 0.5, "max_leaf_nodes": 5, "min_samples_leaf": 3},
        {"max_depth": 1},
        {"monotonic_cst": [1, 0, -1], "min_samples_leaf": 2},
        {"weights": np.random.default_rng(0).uniform(0.5, 2.0, 90)},
        {"min_samples_leaf": 90},
    ],
)
@pytest.mark.parametrize("at_once", [90 * 4, 90 * 23, 90 * 1000])
def test_trees_do_not_depend_on_how_many_rounds_a_call_goes(monkeypatch, settings, at_once) -> None:
    monkeypatch.setattr(boosting_rounds, "_AT_ONCE", at_once)
    together = nodes(**settings)
    monkeypatch.setattr(CrossEntropy, "rounds", None)
    assert nodes(**settings) == together


def test_rounds_of_few_rows_are_gone_together_and_of_many_one_by_one(monkeypatch) -> None:
    gone: list[int] = []
    some = boosting_rounds.Rounds.some
    monkeypatch.setattr(
        boosting_rounds.Rounds, "some", lambda self, n, pool: gone.append(n) or some(self, n, pool)
    )
    nodes()
    assert gone == [23]
    gone.clear()
    monkeypatch.setattr(boosting_rounds, "_AT_ONCE", 89)
    nodes()
    assert gone == [1] * 23


def test_a_loss_without_such_a_loop_has_none() -> None:
    assert SquaredError.rounds is None
