"""The evidence of a run: who is best, who is compared with whom and where, and what generalises."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma.risk.evidence import Difference, compare
from fivesigma.risk.metrics import metric
from fivesigma.study.evidence.claims import claims
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import MODELS, Compared
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.fit.prediction import Output
from fivesigma.study.plan import Entry
from tests.study.made import outcome, prepared

R2 = metric("r2")


def three(study, **more):
    return [
        outcome(study, "dummy", 2.0),
        outcome(study, "good", 0.3, seed=1),
        outcome(study, "fair", 0.9, seed=2),
    ]


def test_the_best_is_chosen_on_the_folds_and_a_failed_model_is_none():
    study = prepared()
    outcomes = [*three(study), Outcome(Entry("lost", "own"), "failed", "the fit failed")]
    found = Evidence(study, outcomes, opened=True)
    assert found.ranked == ["good", "fair", "dummy"]
    assert (found.best, found.baseline) == ("good", "dummy")
    assert set(found.fitted) == {"dummy", "good", "fair"}
    assert Evidence(study, outcomes[-1:], opened=True).best is None
    assert Evidence(study, outcomes[1:], opened=True).baseline is None


def test_what_has_no_finite_score_is_last_and_never_best():
    study = prepared()
    odd = outcome(study, "odd", 0.1)
    odd.validation[Output.VALUE][:] = np.inf
    flat = dataclasses.replace(odd, validation={Output.VALUE: np.zeros(len(study.split.train))})
    found = Evidence(study, [flat, *three(study)], opened=False)
    assert found.ranked[0] == "good"
    assert found.ranked[-1] in ("odd", "dummy")


def test_a_clustering_that_starts_at_the_truth_is_never_best():
    study = prepared("clustering")
    honest, told = outcome(study, "honest", 2.0), outcome(study, "told", 0.1)
    told = dataclasses.replace(told, entry=Entry("told", "gibbs", {"start": "informed"}))
    found = Evidence(study, [told, honest], opened=True)
    assert found.ranked[0] == "told"
    assert found.best == "honest"


def test_a_difference_is_judged_on_the_test_once_it_is_open_and_one_sided_against_the_baseline():
    study = prepared()
    found = Evidence(study, three(study), opened=True)
    a, b = (found.scores.measured(R2, "test", name) for name in ("good", "dummy"))
    expected = compare(a, b, one_sided=True, claim="procedure")
    assert found.difference(R2, "good", "dummy").p == expected.p
    assert found.difference(R2, "good", "fair").one_sided is False
    sealed = Evidence(study, three(study), opened=False).difference(R2, "good", "dummy")
    assert sealed.method == "paired folds, Nadeau-Bengio t"


def test_one_validation_set_compares_no_two_models():
    study = prepared(split={"validation": 0.3, "test": 0.0})
    found = Evidence(study, three(study), opened=True)
    assert "one validation set" in found.difference(R2, "good", "dummy").method
    assert found.generalisation("good").gap is not None


def test_clusterings_are_judged_on_the_test_if_all_of_them_label_it():
    study = prepared("clustering")
    both = [outcome(study, "dummy", 2.0), outcome(study, "good", 0.3)]
    assert Evidence(study, both, opened=True).judged_on == "test"
    silent = dataclasses.replace(both[1], tests={})
    found = Evidence(study, [both[0], silent], opened=True)
    assert found.judged_on == "validation"
    assert found.family.between("good", "dummy").claim == "fitted"
    unheard = dataclasses.replace(both[1], validation={Output.LABEL: both[1].validation[Output.LABEL]})
    found = Evidence(study, [both[0], unheard], opened=False)
    missing = found.difference(metric("log_likelihood"), "good", "dummy")
    assert missing.method == "one of them has no such score"
    assert found.generalisation("good").gap is None


@pytest.mark.parametrize("task", ["regression", "classification", "clustering"])
def test_versus_turns_round_with_its_sides(task):
    study = prepared(task)
    models = [outcome(study, name, noise) for name, noise in (("dummy", 2.0), ("good", 0.3), ("fair", 0.9))]
    found = Evidence(study, models, opened=True)
    there, back = found.versus("good", "fair"), found.versus("fair", "good")
    name = study.metric.name
    assert there[name].difference == -back[name].difference
    assert there[name].sigma_global == -back[name].sigma_global
    assert all(metric(each).interval for each in there)
    assert found.versus("good", "good") == found.versus("good", None) == {}


def test_a_model_without_the_primary_score_is_compared_on_the_others_alone():
    study = prepared("clustering")
    both = [outcome(study, "dummy", 2.0), outcome(study, "good", 0.3)]
    mute = dataclasses.replace(
        both[1], validation={Output.DENSITY: both[1].validation[Output.DENSITY]}, tests={}
    )
    found = Evidence(study, [both[0], mute], opened=False)
    assert found.ranked == ["dummy"]
    assert len(found.family) == 0
    assert study.metric.name not in found.versus("good", "dummy")
    assert found.versus("good", "dummy")["log_likelihood"].difference is not None


class Asks:
    """An analysis of another package: one comparison, called like two models are."""

    def compared(self, found, /):
        yield Compared("good", "dummy", Difference(9.0, 8.0, 10.0, 1e-4, 4.0, dof=9.0), "asks", "m")


def test_what_an_analysis_compares_belongs_to_the_family_and_is_told_from_the_models():
    study = prepared()
    alone = Evidence(study, three(study), opened=True)
    found = Evidence(study, three(study), opened=True, analyses=(Asks(),))
    assert len(found.family) == len(alone.family) + 1 == 4
    assert found.family.of("asks", "m").difference.difference == 9.0
    ours = found.family.of(MODELS, ("fair", "dummy")).difference
    assert abs(ours.sigma_global) <= abs(alone.family.of(MODELS, ("fair", "dummy")).difference.sigma_global)
    assert len(claims(found)) == len(claims(alone)) + 1


def test_an_overfitted_model_is_told_by_its_less_flexible_neighbour():
    study = prepared(split={"folds": 10, "test": 0.25})
    model = outcome(study, "m", 1.5)
    better = outcome(study, "m", 0.1, seed=5).validation
    found = Evidence(study, [dataclasses.replace(model, probes={"less": better})], opened=False)
    assert found.generalisation("m").verdict == "overfit"
    assert found.generalisation("m").sigma > 3
    train = found.scores.value(R2, "train", "m")
    held = found.scores.value(R2, "validation", "m")
    assert found.generalisation("m").gap == pytest.approx(train - held)


def test_the_gap_of_a_clustering_is_of_its_density_whatever_the_primary_metric():
    study = prepared("clustering")
    model = outcome(study, "m", 0.5)
    found = Evidence(study, [model], opened=False)
    gap = model.train[Output.DENSITY].mean() - model.validation[Output.DENSITY].mean()
    assert study.metric.name == "overlap"
    assert found.generalisation("m").gap == pytest.approx(gap)
    assert found.generalisation("m").verdict == "not tested"
