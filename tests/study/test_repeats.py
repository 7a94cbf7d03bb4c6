"""Studies without a test set: the cross-validation is repeated, the same whoever carries it out."""

from __future__ import annotations

import json

import numpy as np
import polars
import pytest

from fivesigma._core.errors import StudyError
from fivesigma.risk.metrics import metric
from fivesigma.study.plan import Fit, Sample
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.runner.forecast import planned
from fivesigma.study.runner.run import canonical
from fivesigma.study.spec.document import Spec
from fivesigma.study.study import Study

N = 90
HEAD = """[study]
name = "repeats"
[data]
path = "t.csv"
target = "y"
[evaluate]
bootstrap = 100
refits = 4
"""
MODELS = """[[models]]
kind = "dummy"
[[models]]
kind = "naive-bayes"
[[models]]
kind = "tree"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rng, path = np.random.default_rng(1), tmp_path_factory.mktemp("repeats")
    y = (rng.random(N) < 0.4).astype(int)
    polars.DataFrame({"a": rng.normal(size=N) + y, "b": rng.normal(size=N), "y": y}).write_csv(path / "t.csv")
    return path


def written(folder, split, *, task="classification", models=MODELS):
    text = HEAD.replace('target = "y"', f'target = "y"\ntask = "{task}"')
    (folder / "s.toml").write_text(f"{text}[split]\n{split}\n{models}")
    return folder / "s.toml"


def spec(folder, split, **more):
    return Spec.read(written(folder, split, **more))


@pytest.mark.parametrize(
    ("split", "repeats"),
    [("", 1), ("test = 0", 5), ("test = false", 5), ("test = 0\nrepeats = 2", 2), ("repeats = 3", 3),
     ("test = 0\nvalidation = 0.2", None), ('test = 0\nfolds = { column = "b" }', 1), ('test = 0\ntime = "b"', 1)],
)  # fmt: skip
def test_folds_that_judge_a_study_are_repeated_where_chance_deals_them(folder, split, repeats):
    found = spec(folder, split).split
    assert found.repeats == repeats
    assert found.model_validate(found.model_dump()).repeats == repeats


@pytest.mark.parametrize(
    ("split", "sentence"),
    [
        ("repeats = 0", "split.repeats"),
        ("repeats = 2\nvalidation = 0.2", "split.validation is one part that does not change; keep one"),
        ('repeats = 2\ntime = "b"', "split.repeats deals other folds, and here a column gives them"),
        ('repeats = 2\nfolds = { column = "b" }', "split.repeats deals other folds"),
    ],
)
def test_repeats_of_what_cannot_be_repeated_are_refused(folder, split, sentence):
    with pytest.raises(StudyError, match=sentence):
        spec(folder, split)


def test_the_fits_of_repeats_join_the_plan_and_the_forecast(folder):
    plan = planned(prepare(spec(folder, "test = 0\nfolds = 3\nrepeats = 4")))
    assert plan.count("naive-bayes") == 1 + 3 * 4
    tree = [task for task in plan.tasks.values() if isinstance(task, Fit) and task.model == "tree"]
    assert {fit.sample.repeat for fit in tree if fit.params} == {0}, "neighbours stay on the first repeat"
    assert str(Sample("fold", 1, repeat=2)) == "fold 1 of repeat 2"


def test_a_clustering_with_a_truth_has_one_repeat(folder):
    models = (
        '[[models]]\nkind = "dummy"\n[[models]]\nkind = "gaussian-mixture"\nparams = { n_components = 2 }\n'
    )
    prepared = prepare(spec(folder, "", task="clustering", models=models))
    assert prepared.spec.split.repeats == 5
    assert prepared.split.n_repeats == 1


def test_one_worker_and_two_leave_the_same_bytes_and_the_first_repeat_is_kept(folder):
    path = written(folder, "test = 0\nfolds = 3\nrepeats = 3")
    first, second = (Study.read(path).run(out=folder / f"r{n}", workers=n, progress=False) for n in (1, 2))
    documents = [json.loads((each.path / "results.json").read_text()) for each in (first, second)]
    assert canonical(documents[0]) == canonical(documents[1])
    assert documents[0]["split"]["repeats"] == 3
    scores = {each["name"]: each["scores"]["validation"] for each in documents[0]["models"]}
    assert scores["dummy"]["roc_auc"]["value"] == 0.5
    assert "3 repeats" in scores["naive-bayes"]["roc_auc"]["method"]
    study = prepare(Spec.read(path))
    table = polars.read_parquet(first.path / "predictions.parquet")
    p, y = table["naive-bayes:1"].to_numpy(), study.data.y[study.split.train]
    auc = metric("roc_auc")
    each = [
        auc.value(y[study.split.folds == k], np.column_stack([1 - p, p])[study.split.folds == k])
        for k in range(3)
    ]
    mean = np.average(each, weights=np.bincount(study.split.folds))
    assert mean != scores["naive-bayes"]["roc_auc"]["value"]
    assert mean == pytest.approx(scores["naive-bayes"]["roc_auc"]["value"], abs=0.05)
