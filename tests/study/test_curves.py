"""Curves in a study: fits of the plan, in the record, on the page; the same bytes on one worker and two."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import r2_score

from fivesigma._core.errors import StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.curves import BiasVarianceRecord, CurvesFailedRecord, ValidationCurvesRecord
from fivesigma.study.plan import Fit, Sample
from fivesigma.study.runner.fitter import Fitter
from fivesigma.study.runner.forecast import planned
from fivesigma.study.runner.run import canonical, resume
from fivesigma.study.spec.document import Spec
from fivesigma.study.study import Study

CURVES = {"score_curve", "depth_path", "bias_variance"}
TEXT = """
[study]
name = "curves"
[data]
path = "table.csv"
target = "y"
[split]
folds = 3
[[models]]
kind = "tree"
params = { min_samples_leaf = 1 }
[[models]]
kind = "knn"
[evaluate]
bootstrap = 100
refits = 3
[curves]
learning = ["knn"]
validation = { tree = { max_depth = [1, 3, 100] }, knn = { weights = ["uniform", "distance"] } }
bias_variance = { tree = "max_depth", knn = "n_neighbors" }
rounds = 10
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(240, 3))
    y = 2 * table[:, 1] + table[:, 0] + 2.5 * rng.normal(size=240)
    path = tmp_path_factory.mktemp("curves")
    lines = ["a,b,c,y", *(",".join(map(repr, row)) for row in np.column_stack([table, y]).tolist())]
    (path / "table.csv").write_text("\n".join(lines))
    (path / "study.toml").write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def record(folder):
    Study.read(folder / "study.toml").run(out=folder / "one", workers=1, progress=False)
    return json.loads((folder / "one" / "results.json").read_text())


def model(record, name):
    return next(each for each in record["models"] if each["name"] == name)


def test_a_depth_curve_is_that_of_refits(folder, record) -> None:
    (curve,) = model(record, "tree")["validation_curves"]
    assert (curve["parameter"], curve["values"], curve["fits_per_fold"]) == ("max_depth", [1, 3, 100], 1)
    prepared = Study.read(folder / "study.toml").prepared()
    data, split = prepared.data, prepared.split
    from sklearn.tree import DecisionTreeRegressor

    train, held = split.fold(0)
    for i, depth in enumerate((1, 3)):
        tree = DecisionTreeRegressor(max_depth=depth, random_state=0).fit(data.X[train], data.y[train])
        assert curve["folds"][i][0] == pytest.approx(
            r2_score(data.y[held], tree.predict(data.X[held])), abs=1e-9
        )
    assert curve["train"]["mean"][-1] == 1.0
    assert curve["most_flexible"] == 100


def test_overfitting_is_a_claim_of_the_page_judged_on_the_test(record) -> None:
    (curve,) = model(record, "tree")["validation_curves"]
    found = curve["overfitting"]
    assert "compared on test" in found["method"]
    assert found["low"] < found["difference"] < found["high"]
    (claim,) = [each for each in record["claims"] if "tree at max_depth" in each["text"]]
    assert claim["sigma_global"] == found["sigma_global"]
    assert abs(found["sigma_global"]) <= abs(found["sigma_local"])


def test_every_kind_of_curve_is_in_the_record_and_on_the_page(folder, record) -> None:
    knn = model(record, "knn")
    assert knn["learning_curve"]["values"] == [32, 64, 128]
    assert knn["validation_curves"][0]["values"] == ["uniform", "distance"]
    assert len(knn["bias_variance"]["values"]) == len(knn["bias_variance"]["total"]) > 3
    parts = model(record, "tree")["bias_variance"]
    np.testing.assert_allclose(np.add(parts["bias"], parts["variance"]), parts["total"])
    assert "curves_failed" not in knn
    page = (folder / "one" / "report.html").read_text()
    assert "follows its training events more closely" in page
    assert "from 64 to 128 training events" in (folder / "one" / "report.md").read_text()
    assert (folder / "one" / "figures" / "bias-variance-1.csv").is_file()


def test_two_workers_and_a_resumed_run_give_the_same_bytes(folder, record) -> None:
    two = Study.read(folder / "study.toml").run(out=folder / "two", workers=2, progress=False)
    assert canonical(json.loads((two.path / "results.json").read_text())) == canonical(record)
    tasks = planned(Study.read(folder / "study.toml").prepared()).tasks
    curves = [key for key, fit in tasks.items() if set(fit.wanted) & CURVES]
    assert len(curves) > 10
    for key in curves[::3]:
        next((two.path / "tasks").glob(f"{key}*")).unlink()
    (two.path / "results.json").unlink()
    again = resume(two.path, workers=1, progress=False)
    assert canonical(json.loads((again.path / "results.json").read_text())) == canonical(record)


def test_a_curve_that_fails_leaves_the_model(folder, monkeypatch, tmp_path) -> None:
    from fivesigma.study.analyses.curves.diagnostics import ScoreCurve

    def broken(*_):
        raise ArithmeticError("singular")

    monkeypatch.setattr(ScoreCurve, "of_fit", broken)
    (folder / "broken.toml").write_text(TEXT.replace("refits = 3", "refits = 2"))
    run = Study.read(folder / "broken.toml").run(out=tmp_path / "run", workers=1, progress=False)
    found = run.results.model("knn")
    assert found.status == "ok"
    assert any("singular" in why for why in found.section(CurvesFailedRecord).messages)
    assert "singular" in (run.path / "report.html").read_text()


def test_classes_blind_and_a_metric_with_a_threshold(tmp_path) -> None:
    from fivesigma.data.dataset import Dataset

    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 200)
    data = Dataset.from_arrays(rng.normal(size=(200, 2)) + y[:, None], y, w=rng.uniform(0.5, 2, 200))
    study = Study(
        data,
        models=["tree"],
        split={"folds": 3},
        evaluate={"bootstrap": 100, "refits": 2, "metric": "asimov"},
        curves={
            "validation": {"tree": {"max_depth": [1, 20]}},
            "bias_variance": {"tree": "max_depth"},
            "rounds": 10,
        },
    )
    result = study.run(tmp_path / "run", workers=1, progress=False, blind=True).results
    (curve,) = result.model("tree").section(ValidationCurvesRecord).curves
    assert curve.metric == "roc_auc"
    assert curve.overfitting is None
    assert result.model("tree").section(BiasVarianceRecord).loss == "zero-one"


def test_sealed_predictions_of_all_depths_are_kept_per_refit(folder, record) -> None:
    prepared = Study.read(folder / "study.toml").prepared()
    depths = [fit for fit in planned(prepared).tasks.values() if "depths" in str(fit.wanted)]
    assert sorted(fit.sample.kind for fit in depths) == ["all", *["fold"] * 3, *["resample"] * 3]


@pytest.mark.parametrize(
    ("was", "now", "message"),
    [
        ('target = "y"', 'task = "clustering"', "knn|clustering"),
        ('learning = ["knn"]', 'learning = ["kn"]', "'kn' is not a model of this study.*Did you mean 'knn'"),
        ("{ tree = { max_depth", "{ oak = { max_depth", "'oak' is not a model"),
        ("{ weights =", "{ max_depth =", "'max_depth' is not one of its parameters"),
        ('"distance"]', '"far"]', "weights = 'far' is not possible"),
        ("[1, 3, 100]", "[3, 3]", "twice"),
        ("[1, 3, 100]", "[3]", "makes no curve"),
        ("[1, 3, 100]", "{ from = 1 }", "not a span"),
        ("rounds = 10", "rounds = 1", "rounds"),
        ("learning =", "learnings =", "Did you mean 'learning'"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(folder, was, now, message) -> None:
    with pytest.raises(StudyError, match=message):
        Study(None, given=Spec.from_toml(TEXT.replace(was, now), folder=folder)).prepared()


# --- weights and groups: one law over kinds and both losses

KINDS = {
    "ridge": ("regression", "lambda", [1e-9, 1e-8], False),
    "lasso": ("regression", "relative", [0.1, 0.5], False),
    "elastic-net": ("regression", "relative", [0.1, 0.5], False),
    "tree": ("regression", "max_depth", [1, 2, 3], True),
    "logistic": ("classification", "lambda", [1e-9, 1e-8], False),
    "naive-bayes": ("classification", "var_smoothing", [1e-9, 1e-3], False),
}


def parts(kind: str, *, copies: bool) -> np.ndarray:
    """Bias, variance and total of a fold's fits in a study of weighted events, or of copies of them, in groups."""
    task, parameter, values, path = KINDS[kind]
    rng = np.random.default_rng(3)
    X, k, groups = rng.normal(size=(60, 1)), rng.integers(1, 4, 60), np.repeat(np.arange(30), 2)
    y = np.exp(0.5 * X[:, 0]) + 0.3 * rng.normal(size=60)
    y = y if task == "regression" else (y > 1).astype(int)
    at = np.repeat(np.arange(60), k) if copies else np.arange(60)
    data = Dataset.from_arrays(X[at], y[at], w=None if copies else k.astype(float), groups=groups[at])
    models = ["dummy", {"kind": kind, "params": {"min_samples_leaf": 1} if kind == "tree" else {}}]
    study = Study(data, models=models, task=task, split={"test": 0.0, "folds": 3}).prepared()
    shared = {"train": np.arange(len(at)), "folds": (groups % 3)[at], "units": groups[at], "tests": {}}
    fitter = Fitter(replace(study.fit_data, **shared), study.plan)
    asked = {"parameter": parameter, "values": values, "rounds": 5, "path": path}
    arrays, meta = fitter.fitted(Fit(kind, Sample("fold", 0), wanted={"bias_variance": asked}))
    assert "error" not in meta["found"]["bias_variance"]
    return np.array([arrays[f"bias_variance|{part}"] for part in ("total", "bias", "variance")])


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_of_k_is_k_copies_in_a_group_in_bias_and_variance(kind) -> None:
    np.testing.assert_allclose(parts(kind, copies=False), parts(kind, copies=True), rtol=1e-4, atol=1e-7)
