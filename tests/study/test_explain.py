"""Ablation, refits without columns, impurity, Shapley values and effects in a study: right, resumable, on the page."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from fivesigma._core.errors import StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.study.analyses.explain.ablation import AblationPath, AblationStep
from fivesigma.study.analyses.explain.ablation_evidence import CAVEAT, _called
from fivesigma.study.analyses.explain.importance import positions
from fivesigma.study.analyses.explain.per_fold import MEASURES, shares
from fivesigma.study.analyses.explain.settings import clustered, settle
from fivesigma.study.runner.run import canonical
from fivesigma.study.study import Study

TEXT = """
[study]
name = "leaning"
[data]
path = "table.csv"
target = "y"
weight = "w"
[split]
folds = 3
[[models]]
kind = "linear"
[[models]]
kind = "forest"
params = { n_estimators = 6, max_features = 1.0 }
[evaluate]
bootstrap = 200
refits = 2
claim = "fitted"
[explain]
models = ["forest"]
permutation = 3
drop_best = 2
drop_column = true
forward = 2
effects = true
"""
N = 240


def write(folder, text=TEXT):
    """b is the best column, d stands in for it, a helps, c is noise."""
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, N))
    d = b + 0.2 * rng.normal(size=N)
    y = 3 * b + a + 0.2 * rng.normal(size=N)
    table = np.column_stack([a, b, c, d, y, rng.integers(1, 3, N)])
    lines = ["a,b,c,d,y,w", *(",".join(map(repr, row)) for row in table.tolist())]
    (folder / "table.csv").write_text("\n".join(lines))
    (folder / "study.toml").write_text(text)
    return Study.read(folder / "study.toml")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained")
    write(folder).run(out=folder / "run", progress=False, workers=1)
    return folder


@pytest.fixture(scope="module")
def explain(run):
    return json.loads((run / "run" / "results.json").read_text())["explain"]


def test_the_best_column_goes_and_its_stand_in_takes_over(explain) -> None:
    steps = explain["drop_best"]["forest"]["steps"]
    assert [step["changed"] for step in steps] == [[], ["b"], ["d"]]
    assert steps[1]["ranking"]["names"][0] == "d"
    assert [len(step["columns"]) for step in steps] == [4, 3, 2]
    assert steps[0]["change"] is None
    change = steps[2]["change"]
    assert change["high"] < 0
    assert change["sigma_global"] < -2
    assert abs(change["sigma_global"]) <= abs(change["sigma_local"])
    test = [step["scores"]["test"]["value"] for step in steps]
    assert change["difference"] == pytest.approx(test[2] - test[1])
    assert explain["drop_best"]["forest"]["part"] == "test"


def test_dropping_and_permuting_agree_in_sign_and_a_stand_in_softens_the_refit(explain) -> None:
    dropped, permuted = explain["drop_column"]["forest"], explain["permutation"]["forest"]
    drop = dict(zip(dropped["names"], dropped["mean"], strict=True))
    permute = dict(zip(permuted["names"], permuted["mean"], strict=True))
    error = dict(zip(dropped["names"], dropped["std"], strict=True))
    assert drop["a"] > 0
    assert min(permute["a"], permute["b"]) > 0
    assert -2 * error["b"] < drop["b"] < 0.5 * permute["b"], (
        "d stands in for b: the refit loses about nothing"
    )
    assert abs(permute["c"]) < 0.05


def test_forward_selection_takes_the_best_then_what_it_lacks(explain) -> None:
    steps = explain["forward"]["forest"]["steps"]
    assert [step["changed"] for step in steps] == [["b"], ["a"]]
    assert steps[0]["change"] is None
    assert steps[1]["change"]["difference"] > 0


def test_impurity_and_effects_are_recorded_and_labelled(explain) -> None:
    impurity = explain["impurity"]["forest"]
    assert impurity["method"].endswith("rows fitted to")
    assert sum(impurity["mean"]) == pytest.approx(1.0)
    aside = dict(zip(impurity["names"], impurity["out_of_bag"]["mean"], strict=True))
    assert aside["b"] > 0.2 > abs(aside["c"])
    column = explain["effects"]["forest"]["columns"][0]
    assert column["name"] == "b"
    assert column["mean"][-1] - column["mean"][0] > 1
    assert explain["shap"] is None


def test_steps_belong_to_the_claims_and_to_the_page(run) -> None:
    record = json.loads((run / "run" / "results.json").read_text())
    said = [claim["text"] for claim in record["claims"]]
    assert any(text.startswith("forest without b, d is") and "forest without b " in text for text in said)
    page = (run / "run" / "report.html").read_text()
    for words in ("What is left without the best columns", "How the columns act", "out of bag"):
        assert words in page
    assert len(page) < 1_000_000
    assert "without b" in (run / "run" / "report.md").read_text()


def test_a_killed_run_and_two_workers_come_to_the_same_bytes(run, tmp_path) -> None:
    whole = canonical(json.loads((run / "run" / "results.json").read_text()))
    half = tmp_path / "half"
    shutil.copytree(run / "run", half)
    tasks = sorted((half / "tasks").glob("*.npz"))
    for path in [*tasks[::2], half / "results.json", half / "report.html"]:
        path.unlink()
    from fivesigma.study.runner.run import resume

    resume(half, workers=2, progress=False)
    assert canonical(json.loads((half / "results.json").read_text())) == whole


def test_groups_go_together_and_without_a_test_the_folds_judge_with_a_caveat(tmp_path) -> None:
    text = TEXT[: TEXT.index("[explain]")].replace("folds = 3", "folds = 3\ntest = 0")
    text += '[explain]\nmodels = ["linear"]\ndrop_best = 1\ngroups = 0.8\n'
    study = write(tmp_path, text)
    study.run(out=tmp_path / "run", progress=False, workers=1)
    explain = json.loads((tmp_path / "run" / "results.json").read_text())["explain"]
    found = explain["drop_best"]["linear"]
    assert found["steps"][1]["changed"] == ["b", "d"]
    assert found["steps"][1]["columns"] == ["a", "c"]
    assert found["caveat"] == CAVEAT
    assert explain["permutation"]["linear"]["names"][0] == "b + d"
    assert explain["impurity"]["linear"] is None
    assert "no impurity" in explain["messages"]["impurity"]["linear"]


def test_what_takes_refits_is_done_for_the_best_model_and_one_column_is_no_failure(tmp_path) -> None:
    text = TEXT[: TEXT.index("[explain]")] + "[explain]\ndrop_best = true\n"
    text = text.replace('target = "y"', 'target = "y"\nfeatures = ["b"]')
    study = write(tmp_path, text)
    study.run(out=tmp_path / "run", progress=False, workers=1)
    explain = json.loads((tmp_path / "run" / "results.json").read_text())["explain"]
    assert set(explain["drop_best"]) == {"linear"}
    assert "one column" in explain["messages"]["drop_best"]["linear"]


def test_a_fit_that_fails_ends_its_trail_and_not_the_run(tmp_path, monkeypatch) -> None:
    from fivesigma.study.fit import recipe

    fit = recipe.fit

    def breaks(estimator, X, *rest, **more):
        if X.shape[1] == 2:
            raise recipe.FitError("it broke")
        return fit(estimator, X, *rest, **more)

    monkeypatch.setattr(recipe, "fit", breaks)
    text = TEXT[: TEXT.index("[explain]")] + '[explain]\nmodels = ["linear"]\ndrop_best = 3\n'
    write(tmp_path, text).run(out=tmp_path / "run", progress=False, workers=1)
    explain = json.loads((tmp_path / "run" / "results.json").read_text())["explain"]
    assert [len(step["columns"]) for step in explain["drop_best"]["linear"]["steps"]] == [4, 3]
    assert "it broke" in explain["messages"]["drop_best"]["linear"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ('models = ["forest"]', 'models = ["forrest"]'),
            "'forrest' is not in the line-up.*Did you mean 'forest'",
        ),
        (("effects = true", 'effects = ["bb"]'), "'bb' is not a feature"),
        (("folds = 3", "validation = 0.2"), "give split.folds"),
    ],
)
def test_what_cannot_be_explained_is_said_before_anything_is_written(tmp_path, change, message) -> None:
    study = write(tmp_path, TEXT.replace(*change))
    with pytest.raises(StudyError, match=message):
        study.prepared()
    assert settle(write(tmp_path, TEXT[: TEXT.index("[explain]")]).prepared()) is None


def test_columns_made_of_others_give_their_share_back() -> None:
    class Steps:
        def __init__(self, made):
            self.made, self.steps = made, [1, 2]

        def __getitem__(self, at):
            return self

        def get_feature_names_out(self, names):
            return np.array(self.made, dtype=object)

    made = ["a", "a missing", "a × b", "b²", "s=x", "s=y"]
    found = shares(Steps(made), ["a", "b", "s"])
    np.testing.assert_array_equal(
        found, [[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    )
    assert positions(["s", "a"], [["a", "b"], ["s"]]) == ((1,), (0,))
    assert clustered(["a"], [["b"], ["a", "c"]]) == (("a",),)
    assert set(MEASURES) == {"impurity", "shap", "integrated_gradients", "effects"}


def test_a_step_is_called_by_what_went_before() -> None:
    steps = tuple(AblationStep(("c",), (gone,), {}) for gone in ("b", "d"))
    path = AblationPath("drop_best", "forest", steps)
    assert _called(path, steps[0], None) == ("forest without b", "forest")
    assert _called(path, steps[1], steps[0]) == ("forest without b, d", "forest without b")


def test_permutations_that_would_take_hours_are_refused_before_the_run() -> None:
    data = Dataset.from_arrays(np.random.default_rng(0).normal(size=(60, 60_000)), np.arange(60.0))
    for models, message in (
        (["ridge"], r"explain\.permutation: 10 permutations of each of 60000 columns"),
        (["forest"], ""),
    ):
        study = Study(data, models=models, explain={"permutation": 10}, name="wide")
        if message:
            with pytest.raises(StudyError, match=message):
                study.prepared()
        else:
            study.prepared()
