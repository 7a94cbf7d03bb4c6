"""Runs are compared by the test that a study makes of its own models, on the events that both have sealed."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.scene import claimed
from benchmarks.scenes.led import NULLS
from fivesigma.data.dataset import Dataset
from fivesigma.risk.evidence import Part, measure
from fivesigma.risk.evidence import compare as compared
from fivesigma.risk.metrics import metric
from fivesigma.study.finished.compare import Against, compare, differences
from fivesigma.study.finished.entrant import Entrant
from fivesigma.study.finished.result import load
from fivesigma.study.study import Study

N = 400
TREE = {"name": "tree", "kind": "extra-trees", "params": {"n_estimators": 3, "max_depth": 3}}
"""A model that its seed enters."""


def events(columns=3, **more):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(N, 3))
    y = (X[:, 0] + X[:, 1] ** 2 + 0.5 * X[:, 2] + 0.5 * rng.normal(size=N) > 0.7).astype(int)
    return Dataset.from_arrays(X, y, **more).with_features([f"x{i}" for i in range(columns)])


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Finished runs of one table: of a tree, with another seed, with one column less, of a line, and of both models."""
    folder, studies = tmp_path_factory.mktemp("runs"), {
        "tree": ([TREE], {}),
        "seed": ([TREE], {"seed": 1}),
        "less": ([TREE], {"data": events(2)}),
        "line": (["logistic"], {}),
        "fitted": (["logistic"], {"evaluate": {"claim": "fitted"}}),
        "both": ([TREE, "logistic"], {}),
        "salt": ([TREE], {"name": "another"}),
        "other metric": ([TREE], {"evaluate": {"metric": "ece"}}),
        "at a cut": ([TREE], {"evaluate": {"metric": "rejection_80"}}),
        "another at a cut": (["logistic"], {"evaluate": {"metric": "rejection_80"}}),
        "and again": (["logistic"], {"evaluate": {"metric": "ece"}}),
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("fivesigma.report.render", lambda *given: None)
        for name, (models, more) in studies.items():
            evaluate = {"bootstrap": 100, **more.pop("evaluate", {})}
            study = Study(
                more.pop("data", events()), ["dummy", *models], evaluate=evaluate, split={"folds": 3}, **more
            )
            study.run(name, workers=1, progress=False)
    return folder


def row(runs, *names):
    return compare([runs / name for name in names])["runs"][-1]


@pytest.mark.parametrize("other", ["seed", "less", "line"])
def test_another_seed_another_column_and_other_settings_are_paired_by_row(runs, other):
    found = row(runs, "tree", other)
    assert (found["paired"], found["claim"]) == (True, "procedure")
    values = [load(runs / name).results for name in ("tree", other)]
    one, two = (each.model(each.best).scores["test"]["roc_auc"].value for each in values)
    assert found["difference"] == pytest.approx(two - one)
    assert found["difference_low"] < found["difference"] < found["difference_high"]
    assert found["sigma_local"] == found["sigma_global"], "one comparison is a family of its own"


def test_two_runs_say_what_one_study_of_both_models_says(runs):
    found, within = row(runs, "tree", "line"), load(runs / "both").results
    assert {within.best} == {"tree"}
    theirs = within.model("logistic").versus_best["roc_auc"]
    assert found["difference"] == pytest.approx(theirs.difference)
    width = found["difference_high"] - found["difference_low"]
    assert width == pytest.approx(theirs.high - theirs.low, rel=0.2), (
        "but for the resamples, which are drawn anew"
    )
    assert "10 paired refits" in found["method"]
    assert "10 and 10 refits, not paired" in row(runs, "tree", "seed")["method"]
    refits = [Entrant(load(runs / name)).refits for name in ("tree", "less")]
    assert [len(each) for each in refits] == [10, 10]


def test_a_study_that_claims_of_fitted_models_is_compared_as_such(runs):
    found = compare([runs / "tree", runs / "fitted"])
    assert found["runs"][1]["claim"] == "fitted"
    assert found["notes"][-1].endswith("of these fitted models; same test events).")
    assert not any("are not kept" in note for note in found["notes"])


def test_where_the_refits_are_gone_it_is_of_fitted_models_and_says_so(runs, tmp_path):
    shutil.copytree(runs / "line", tmp_path / "line")
    shutil.rmtree(tmp_path / "line" / "tasks")
    found = compare([runs / "tree", tmp_path / "line"])
    assert found["runs"][1]["claim"] == "fitted"
    assert "The refits of line are not kept" in found["notes"][1]


def test_a_metric_without_an_interval_has_no_sigma_here_either(runs):
    found = row(runs, "other metric", "and again")
    assert found["paired"]
    assert (found["sigma_local"], found["sigma_global"]) == (None, None)
    assert found["sigma_text"] == "no test: ece is biased at finite size"


def test_at_a_cut_it_is_of_fitted_models_since_refits_that_chose_their_own_are_not_read_at_another(runs):
    found = compare([runs / "at a cut", runs / "another at a cut"])
    assert found["runs"][1]["claim"] == "fitted"
    assert found["runs"][1]["method"] == "paired resamples, t"
    assert any("which is not kept" in note for note in found["notes"])
    one = load(runs / "at a cut").results
    assert one.model(one.best).scores["test"]["rejection_80"].method.startswith("procedure:")
    assert len(Entrant(load(runs / "at a cut")).refits) == 10, "the folds of refits are no refits"


def test_other_sealed_rows_are_not_paired(runs):
    found = compare([runs / "tree", runs / "salt"])
    assert not found["runs"][1]["paired"]
    assert "cannot be paired: their data differ" in found["notes"][-1]


def test_later_runs_are_not_blind_and_several_are_a_family(runs):
    found = compare([runs / name for name in ("tree", "seed", "less", "line", "salt")])
    made = [each for each in found["runs"][1:] if each["paired"]]
    assert [each["among"] for each in made] == [4, 4, 4]
    assert all(abs(each["sigma_global"]) <= abs(each["sigma_local"]) for each in made)
    assert any(abs(each["sigma_global"]) < abs(each["sigma_local"]) for each in made)
    assert not any(each["blind"] for each in made)
    assert not any(each["verdict"] == "observation" for each in made)
    assert all(
        "among 4 comparisons, not blind, of the procedures" in note
        for note in found["notes"]
        if "over" in note
    )


def scored(said, name, rng, refits=()):
    y = np.zeros(300)
    part = Part.draw(y, rng, n_boot=300)
    return measure(metric(name), part, said, refits=list(refits)), part


def test_a_signed_metric_is_compared_by_its_size_as_in_a_study():
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.normal(size=300)
    worse, part = scored(noise - 0.41, "median_bias", rng)
    better = measure(metric("median_bias"), part, noise - 0.05)
    (found,) = differences([Against(worse, better, "fitted")])
    assert found.difference == pytest.approx(0.36, abs=0.01)
    assert found.sigma_global > 5
    (turned,) = differences([Against(better, worse, "fitted")])
    assert turned.sigma_global < -5


def test_refits_of_other_resamples_add_their_variances():
    rng = np.random.default_rng(1)
    luck = rng.normal(size=10)
    refits = [0.1 * rng.normal(size=300) + 0.02 * each for each in luck]
    first, part = scored(0.1 * rng.normal(size=300), "rmse", rng, refits)
    same = replace(first, part=part)
    apart, together = (compared(first, same, paired_refits=paired) for paired in (False, True))
    assert together.train == 0.0
    assert apart.train == pytest.approx(np.sqrt(2 * first.refits.main_effect))


def test_comparisons_that_cannot_be_made_count_among_all():
    rng = np.random.default_rng(2)
    first, part = scored(0.3 * rng.normal(size=300), "rmse", rng)
    other = measure(metric("rmse"), part, 0.25 * rng.normal(size=300))
    alone, among = (differences([Against(other, first, "fitted")], n_all=n)[0] for n in (1, 20))
    assert abs(among.sigma_global) < abs(alone.sigma_global)


@pytest.mark.parametrize("name", sorted(NULLS))
def test_equal_runs_are_seldom_told_apart(name):
    """At 0.5 %, more than three of 150 are seen once in 140 times."""
    assert claimed(NULLS[name], 150).claimed <= 3
