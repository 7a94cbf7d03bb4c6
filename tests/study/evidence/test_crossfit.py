"""A study whose every event is scored by a fit that has not seen it: what it says, and where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fivesigma._core.errors import StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.record.ledger import Ledger
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.study import Study
from tests.study.made import outcome, prepared

ASKED = {"folds": 3, "test": 0.0}


def study(task="classification", n=120, **evaluate):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(n, 3))
    y = X[:, 0] + rng.normal(size=n)
    data = Dataset.from_arrays(X, y if task == "regression" else (y > 0).astype(int))
    models = ["dummy", "linear"] if task == "regression" else ["dummy", "naive-bayes"]
    asked = {"bootstrap": 200, "refits": 4, "crossfit": True, **evaluate}
    return Study(data, models=models, task=task, split=ASKED, evaluate=asked)


@pytest.fixture(scope="module", params=["classification", "regression"])
def ended(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("crossfit")
    folder = home / request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)  # the ledger of data given in Python
        study(request.param).run(out=folder, workers=1, progress=False)
    return folder, json.loads((folder / "results.json").read_text())


def test_scores_and_claims_are_of_all_events(ended):
    _, document = ended
    metric = document["metric"]
    best = next(model for model in document["models"] if model["name"] == document["best"])
    score = best["scores"]["crossfit"][metric]
    assert score["low"] < score["value"] < score["high"]
    assert "cross-fitted" in score["method"]
    assert "4 halvings" in score["method"]
    assert document["claim"] == "procedure"
    assert document["selected"]["part"] == "crossfit"
    assert "for the procedure" in document["claims"][0]["text"]
    assert "test events" not in document["claims"][0]["needs"]
    assert best["n_fits"] >= 1 + 3 + 4 * 2 * 3
    assert document["split"]["repeats"] == 1


@pytest.mark.parametrize("stratify", [True, False])
def test_halves_hold_the_shares_of_classes_where_these_are_by_design(stratify):
    spread = {}
    for prevalence in ("fixed", "random"):
        made = Study(
            study().data,
            models=["dummy", "naive-bayes"],
            split={**ASKED, "stratify": stratify},
            evaluate={"bootstrap": 100, "refits": 10, "crossfit": True, "prevalence": prevalence},
        ).prepared()
        second = made.halves // made.split.n_folds
        signal = made.data.y[made.split.train] == 1
        held = np.array([np.count_nonzero(signal & (half == 1)) for half in second])
        spread[prevalence] = held - signal.sum() / 2
    assert np.abs(spread["fixed"]).max() <= 1
    assert np.abs(spread["random"]).max() > 1


def test_every_row_counts_as_opened(ended):
    folder, document = ended
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["openings"] == {"crossfit": 1}
    (entry,) = Ledger(Path(manifest["ledger"])).entries()
    assert (entry.of, entry.n) == ("crossfit", document["split"]["n_train"])


def test_the_page_says_what_the_estimand_is(ended):
    folder, _ = ended
    page = (folder / "report.md").read_text()
    assert "trained on 2/3 of 120 events" in page
    assert "each event is scored by a fit that has not seen it, and counts as opened" in page
    assert "sealed test" not in page


@pytest.mark.parametrize(
    ("said", "sections"),
    [
        ("split.test = 0", {"split": {"folds": 3, "test": 0.25}}),
        ("split.folds", {"split": {"validation": 0.3, "test": 0.0}}),
        ("slices", {"split": ASKED, "evaluate": {"slices": {"x0": [0.0]}}}),
        ("scan.repeats", {"split": ASKED, "scan": {"split.folds": [3, 4]}}),
    ],
)
def test_it_is_refused_beside_what_keeps_events_apart(said, sections):
    evaluate = {"crossfit": True, **sections.pop("evaluate", {})}
    with pytest.raises(StudyError, match=f"(evaluate.crossfit.*{said}|evaluate.{said}.*crossfit)"):
        prepared(evaluate=evaluate, **sections)


def test_it_is_refused_where_folds_judge_nothing():
    with pytest.raises(StudyError, match=r"evaluate.crossfit.*clustering"):
        prepared("clustering", evaluate={"crossfit": True}, split=ASKED)


def test_without_halves_it_is_about_the_fitted_models():
    ready = prepared("classification", split=ASKED, evaluate={"crossfit": True, "refits": 4})
    models = [outcome(ready, "dummy", 3.0), outcome(ready, "good", 0.5, seed=1)]
    found = Evidence(ready, models, opened=False)
    assert found.judged_on == "crossfit"
    d = found.difference(ready.metric, "good", "dummy")
    assert d.claim == "fitted"
    assert d.one_sided
    assert "these fitted models" in found.scores.of("good")["crossfit"]["roc_auc"].method
