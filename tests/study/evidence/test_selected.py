"""The corrected score of the best: where folds chose and judge, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.metrics import METRICS, metric
from fivesigma.study.evidence.crossfit import held_out
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.selected import candidates, selected
from tests.study.made import outcome, prepared


def many(study, n=6):
    return [outcome(study, "dummy", 3.0), *(outcome(study, f"m{k}", 2.0, seed=k) for k in range(1, n))]


@pytest.mark.parametrize("more", [{}, {"weights": True}, {"groups": 40}])
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_without_an_opened_test_the_best_of_several_is_corrected(task, more):
    study = prepared(task, split={"folds": 3, "test": 0.0}, **more)
    found = Evidence(study, many(study), opened=False)
    kept = selected(found)
    plain = found.scores.of(found.best)["validation"][study.metric.name]
    assert kept.model == found.best
    assert kept.optimism > 0
    assert study.metric.merit(kept.score.value) < study.metric.merit(plain.value)
    assert kept.score.low <= kept.score.value <= kept.score.high
    assert sum(kept.chosen.values()) == pytest.approx(1.0)


def test_one_validation_set_chooses_as_folds_do():
    study = prepared(split={"validation": 0.5, "test": 0.0})
    kept = selected(Evidence(study, many(study), opened=False))
    assert kept.optimism > 0


def test_an_opened_test_needs_no_correction_and_a_sealed_one_does():
    study = prepared("classification")
    assert selected(Evidence(study, many(study), opened=True)) is None
    assert selected(Evidence(study, many(study), opened=False)) is not None


RANKING = [m for m in METRICS.values() if m.scores.value == "probability" and (m.averaged or not m.has_cut)]


@pytest.mark.parametrize("name", [m.name for m in RANKING])
def test_the_choice_is_made_by_the_score_that_ranks(name):
    study, m = prepared("classification", split={"folds": 3, "test": 0.0}), metric(name)
    found = Evidence(study, many(study, 3), opened=False)
    for model in found.fitted:
        said = found.scores.whole(m, "validation", model)
        events = held_out(found.folds, m, mean_at_cut=True)
        ranks = found.scores.value(m, "validation", model)
        assert events.value(m, said) == pytest.approx(np.nan if ranks is None else ranks, nan_ok=True)


def test_one_model_alone_is_not_chosen():
    study = prepared("classification", split={"folds": 3, "test": 0.0})
    assert selected(Evidence(study, many(study)[:1], opened=False)) is None


def test_labels_that_no_fold_has_a_part_in_are_not_chosen_on_folds():
    study = prepared("clustering")
    found = Evidence(study, many(study), opened=False)
    assert found.best is not None
    assert candidates(found) == []
    assert selected(found) is None
