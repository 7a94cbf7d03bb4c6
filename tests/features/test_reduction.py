"""What a study says of a step that leaves fewer columns, and the transformer that follows from it."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.features.reduction import KINDS, Reduction, steps_of
from fivesigma.study.fit.learned import LEARNERS

X = np.random.default_rng(3).normal(size=(60, 5))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        (("umap", 2), "kind of reduction"),
        (("rfe", 0), "a whole number from 1, \\[low, high\\] or 'tuned'"),
        (("f-test", 0.5), "no number of columns"),
        (("pca", 1.5), "a share of the variance"),
        (("l1", (5, 2)), "no number of columns"),
        (("pca", "best"), "'tuned'"),
        (("pca", 3, "forest"), "'rank' belongs to rfe"),
        (("rfe", 3, "svm"), "rank"),
        (("network", 10_001), "more than 10000 units"),
        (("network", (2, 10_001)), "more than 10000 units"),
    ],
)
def test_what_a_step_cannot_be_is_one_sentence(settings, match) -> None:
    with pytest.raises(InputError, match=match):
        Reduction(*settings)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_builds_and_leaves_what_is_asked(kind) -> None:
    step = Reduction(kind, 2).step(5, standardise=True, classification=False, learners=LEARNERS)
    assert step.fit(X, X[:, 0]).transform(X).shape == (60, 2)


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(InputError, match="n = 4 of 3 columns; expected at most 3"):
        Reduction("f-test", 4).refuse_too_many(3)
    Reduction("pca", 0.9).refuse_too_many(1)


def test_a_number_to_be_chosen_begins_at_its_upper_end() -> None:
    (step,) = steps_of([{"kind": "pca", "n": [2, 8]}])
    assert (step.tuned, step.selects, step.span(5), step.left(5)) == (True, False, (2, 5), 5)
    assert step.step(5, standardise=False, classification=None).n == 5
    assert Reduction("pca", 0.5).left(7) == 7
    assert Reduction("l1", 3).selects
