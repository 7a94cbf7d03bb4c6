"""A further test is a family of its own, selects nothing, and says what each model loses there."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma.risk.evidence import drop
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.further import DROPS, Further
from fivesigma.study.fit.prediction import Output
from tests.study.made import outcome, prepared


def study(task):
    """Return a study whose test is two: every other event of it is in the second."""
    made = prepared(task, split={"folds": 3, "test": 0.5})
    rows = made.split.tests["test"]
    split = dataclasses.replace(made.split, tests={"near": rows[::2], "far": rows[1::2]})
    return dataclasses.replace(made, split=split)


def models(made):
    return [
        outcome(made, "dummy", 3.0),
        outcome(made, "good", 0.5, seed=1),
        outcome(made, "fair", 1.0, seed=2),
    ]


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_its_claims_are_among_those_of_this_test_alone(task):
    made = study(task)
    found = Evidence(made, models(made), opened=True)
    further = Further(found, "far")
    assert len(further.family) == 2 + 1 + 3, "two over the baseline, the best over the other, three drops"
    claims = further.claims()
    assert claims[0].text.startswith("On far, good is")
    assert "good on near" in claims[1].text
    assert (found.best, found.judged_on, len(found.family)) == ("good", "near", 3)


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_test_of_another_kind_costs_a_model_something(task):
    made = study(task)
    output = Output.VALUE if task == "regression" else Output.PROBABILITY
    dummy, good, fair = models(made)
    said = good.tests["far"][output]
    worse = said[::-1].copy()
    refits = tuple(each | {"far": {output: each["far"][output][::-1].copy()}} for each in good.refits)
    spoilt = dataclasses.replace(good, tests=good.tests | {"far": {output: worse}}, refits=refits)
    metric = made.metric
    found = Evidence(made, [dummy, spoilt, fair], opened=True)
    lost = Further(found, "far").drops()
    values = {test: found.scores.value(metric, test, "good") for test in ("near", "far")}
    expected = metric.merit(values["near"]) - metric.merit(values["far"])
    assert lost["good"].difference == pytest.approx(expected)
    assert lost["good"].sigma_global > 3
    assert abs(lost["fair"].sigma_global) < 3
    same = next(each for each in Further(found, "far").family if (each.source, each.about) == (DROPS, "good"))
    assert same.difference.method.startswith("resamples of either test")


def test_the_errors_of_both_tests_add():
    made = study("regression")
    found = Evidence(made, models(made), opened=True)
    near, far = (found.scores.measured(made.metric, test, "good") for test in ("near", "far"))
    expected = np.hypot(*(np.std(each.draws, ddof=1) for each in (near, far)))
    assert drop(near, far).stat == pytest.approx(expected, rel=0.35)
    assert drop(near, far).difference == pytest.approx(-drop(far, near).difference)
