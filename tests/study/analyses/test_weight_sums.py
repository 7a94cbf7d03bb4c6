"""The weights of the classes in each part that may be seen."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.record.sections.weight_sums import WeightSumsRecord
from fivesigma.study.analyses.weight_sums import WeightSums
from fivesigma.study.evidence.evidence import Evidence
from tests.study import made


def sums(study, *, opened: bool = True) -> WeightSumsRecord | None:
    outcomes = [made.outcome(study, name, noise) for name, noise in (("dummy", 9.0), ("naive-bayes", 1.0))]
    return WeightSums(None).record(Evidence(study, outcomes, opened, ())).get("weight_sums")


@pytest.mark.parametrize("weights", [False, True])
def test_the_classes_of_each_part_have_their_weight(weights) -> None:
    study = made.prepared("classification", weights=weights)
    found, w = sums(study).parts, study.data.w if weights else np.ones(made.N)
    assert list(found) == ["train", "validation", "test"]
    rows = study.split.tests["test"]
    for k in (0, 1):
        mine = rows[study.data.y[rows] == k]
        assert found["test"].n[k] == len(mine)
        assert found["test"].sums[k] == pytest.approx(w[mine].sum())
    assert sum(found["test"].sums) * found["test"].scale == pytest.approx(w.sum())
    assert sum(found["train"].sums) * found["train"].scale == pytest.approx(w.sum())


def test_of_a_sealed_test_nothing_is_said() -> None:
    assert list(sums(made.prepared("classification"), opened=False).parts) == ["train", "validation"]


@pytest.mark.parametrize("task", ["regression", "clustering"])
def test_where_no_classes_are_learnt_there_are_none(task) -> None:
    study = made.prepared(task)
    assert WeightSums(None).record(Evidence(study, [], True, ())) == {}
