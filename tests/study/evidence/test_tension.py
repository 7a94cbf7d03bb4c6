"""The test beside the folds: where both judge one model, less the optimism of the choice."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.tension import sentence, tension_of
from fivesigma.study.fit.prediction import Output, each
from tests.study.made import outcome, prepared


def models(study):
    return [outcome(study, "dummy", 3.0), outcome(study, "good", 0.5, seed=1)]


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_an_opened_test_stands_beside_the_folds(task):
    study = prepared(task)
    kept = tension_of(Evidence(study, models(study), opened=True))
    assert (kept.model, kept.test, kept.told) == ("good", "test", False)
    assert kept.n_folds < kept.n_final == len(study.split.train)
    assert tension_of(Evidence(study, models(study), opened=False)) is None


def test_a_test_of_another_kind_is_in_tension_and_it_is_said():
    study = prepared()
    dummy, good = models(study)
    worse = dataclasses.replace(
        good, tests={"test": {Output.VALUE: good.tests["test"][Output.VALUE] * 0.2 + 1.0}}
    )
    kept = tension_of(Evidence(study, [dummy, worse], opened=True))
    assert kept.told
    assert kept.difference > 0
    assert "in tension with the folds" in sentence(kept)
    assert "worse by" in sentence(kept)


def test_one_validation_set_is_no_folds():
    study = prepared(split={"validation": 0.3, "test": 0.25})
    assert tension_of(Evidence(study, models(study), opened=True)) is None


def within(y, said):
    """The variance of an accuracy at these very numbers of the classes."""
    hit = said.argmax(axis=1) == y
    return sum(np.sum(y == k) * hit[y == k].var() for k in (0, 1)) / len(y) ** 2


@pytest.mark.parametrize("prevalence", ["random", "fixed"])
def test_a_test_that_has_the_classes_of_the_folds_does_not_differ_by_their_numbers(prevalence):
    asked = {"metric": "accuracy", "bootstrap": 4000, "refits": 4, "prevalence": prevalence}
    study = prepared("classification", evaluate=asked)
    one_sided = outcome(study, "good", 1.0, seed=1)
    shift = lambda said: said * [1.0, 0.15]  # noqa: E731 right of the one class, seldom of the other
    one_sided = dataclasses.replace(
        one_sided,
        validation=each(one_sided.validation, shift),
        tests={"test": each(one_sided.tests["test"], shift)},
        refits=(),
    )
    kept = tension_of(Evidence(study, [one_sided], opened=True))
    y, rows = study.data.y, (study.split.train, study.split.tests["test"])
    said = (one_sided.validation[Output.PROBABILITY], one_sided.tests["test"][Output.PROBABILITY])
    expected = sum(within(y[at], p) for at, p in zip(rows, said, strict=True))
    whole = sum(np.var(p.argmax(axis=1) == y[at]) / len(at) for at, p in zip(rows, said, strict=True))
    assert kept.error**2 == pytest.approx(expected, rel=0.12)
    assert whole > 1.5 * expected
