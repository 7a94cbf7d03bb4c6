"""What differs between two tests is asked only where both have events that weigh something."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma.study.analyses.further import FurtherTests, auc_between, events_of, shifted
from fivesigma.study.evidence.evidence import Evidence
from tests.study.made import outcome, prepared


def two_tests(weight):
    made = prepared(weights=True, split={"folds": 3, "test": 0.5})
    rows = made.split.tests["test"]
    split = dataclasses.replace(made.split, tests={"near": rows[::2], "far": rows[1::2]})
    w = made.data.w.copy()
    w[rows[1::2]] *= weight
    return dataclasses.replace(made, split=split, data=dataclasses.replace(made.data, w=w))


@pytest.mark.parametrize("weight", [1.0, 0.0])
def test_a_test_that_weighs_nothing_is_not_compared(weight):
    made = two_tests(weight)
    assert events_of(made, "far").weights.any() == (weight > 0)
    found = Evidence(made, [outcome(made, "dummy", 3.0), outcome(made, "good", 0.5, seed=1)], opened=True)
    (kept,) = FurtherTests(None).record(found)["further_tests"].tests
    assert len(kept.columns) == (2 if weight else 0)
    assert (kept.told_apart is not None) == (weight > 0)


def test_the_columns_are_ranked_and_their_sigma_is_among_all():
    made = two_tests(1.0)
    moved = made.data.X.copy()
    moved[made.split.tests["far"], 1] += 3.0
    shifted_data = dataclasses.replace(made, data=dataclasses.replace(made.data, X=moved))
    columns = shifted(shifted_data, "near", "far")
    assert columns[0].name == made.data.names[1]
    assert columns[0].sigma_global > 3 > columns[1].sigma_global
    assert np.isfinite(auc_between(shifted_data, "near", "far").value)
