"""What is left of a run is known within a factor of two from a tenth of the way on, whatever the laws have said."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from fivesigma.study.plan import Fit
from fivesigma.study.runner.outlook import Outlook


class Law:
    """A pace that foretells the same for all fits of a model, wrong by some factor of its own."""

    def __init__(self, said):
        self.said = said

    def seconds(self, task):
        return self.said[task.model]


def walked(truth, said, *, workers, n_fits=30, followers=0):
    """Return the pairs (part of the time that is gone, left that was told over left that was true) of a run."""
    rng = np.random.default_rng(7)
    fits = [Fit(name, seed=i) for name in truth for i in range(n_fits)]
    fits.sort(key=lambda fit: -said[fit.model])
    more = [Fit(next(iter(truth)), seed=1000 + i) for i in range(followers)]
    law, now, told = Law(said), 0.0, []
    outlook = Outlook(law, workers, sum(map(law.seconds, more)), 2.0)
    for stage in filter(None, (fits, more)):
        outlook.begin(stage)
        free = [now] * workers
        ended = []
        for fit in stage:  # each goes to the worker that is free first
            taken = truth[fit.model] * rng.uniform(0.8, 1.2)
            started = heapq.heappop(free)
            heapq.heappush(free, started + taken)
            ended.append((started + taken, fit.seed, fit.model, taken))
        for now, seed, model, taken in sorted(ended):
            outlook.done(Fit(model, seed=seed), taken)
            told.append((now, outlook.left()))
    end = now + 2.0
    return [(at / end, left / (end - at)) for at, left in told]


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("wrong", [1.0, 0.2, 6.0])
def test_laws_that_are_all_wrong_alike_do_not_matter(workers, wrong):
    truth = {"network": 5.0, "forest": 1.0, "tree": 0.1, "line": 0.01}
    said = {name: wrong * each for name, each in truth.items()}
    for part, ratio in walked(truth, said, workers=workers, followers=20):
        assert 0.5 < ratio < 2.0 or part < 0.1


@pytest.mark.parametrize("wrong", [0.4, 2.0])
def test_a_law_that_is_wrong_of_one_model_matters_until_it_is_seen(wrong):
    truth = {"network": 5.0, "forest": 4.0, "tree": 0.1}
    said = truth | {"forest": wrong * 4.0}
    found = walked(truth, said, workers=2)
    assert all(0.4 < ratio < 2.5 for _, ratio in found)
    assert all(0.6 < ratio < 1.6 for part, ratio in found if part > 0.6)


def test_what_follows_is_counted_once():
    law = Law({"a": 1.0})
    outlook = Outlook(law, 1, 10.0, 3.0)
    outlook.begin([Fit("a")])
    assert outlook.left() == 14.0
    outlook.done(Fit("a"), 1.0)
    outlook.begin([Fit("a", seed=i) for i in range(4)])
    assert outlook.left() == 13.0, "four of the ten are pending now"
    for i in range(4):
        outlook.done(Fit("a", seed=i), 1.0)
    outlook.begin([Fit("a", seed=9 + i) for i in range(20)])
    assert outlook.left() == 23.0, "more than was foretold"
