"""The test beside the folds: where both judge one model, less the optimism of the choice."""

from __future__ import annotations

import dataclasses

import pytest

from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.tension import sentence, tension_of
from fivesigma.study.fit.prediction import Output
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
