"""A run counts what equal fits saved."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from fivesigma.study.plan import Child, Entry, Fit, Plan, Sample
from fivesigma.study.runner.stages import Made

FOLDS = [Fit("a", Sample("fold", number)) for number in range(3)]


@dataclass
class Asks:
    """An experiment that asks for tasks."""

    tasks: list

    def missing(self):
        return iter(self.tasks)


@pytest.mark.parametrize(
    ("asked", "saved"),
    [
        ([FOLDS, []], 0),
        ([FOLDS, FOLDS[:2]], 2),
        ([FOLDS, FOLDS[:2], FOLDS[:1]], 3),
        ([FOLDS + FOLDS], 0),  # one analysis that looks twice
        ([[Child({}, 0, 0)], [Child({}, 0, 0)]], 0),  # no fit
    ],
)
def test_fits_that_several_analyses_ask_for_are_saved_once_for_each_but_the_first(asked, saved) -> None:
    plan = Plan({"seed": 0}, (Entry("a", "dummy"),))
    done = SimpleNamespace(read=lambda key: ({}, {"fit_seconds": 2.0}))
    made = Made(SimpleNamespace(done=done), {str(n): Asks(tasks) for n, tasks in enumerate(asked)}, plan)
    assert made.saved == {"fits": saved, "seconds": 2.0 * saved}
