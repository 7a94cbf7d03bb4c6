"""Permutation importance in a study: in the record and on the page, refused where it cannot be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fivesigma._core.errors import StudyError
from fivesigma.study.analyses.explain.importance import Held, joined
from fivesigma.study.analyses.explain.per_fold import of_fold
from fivesigma.study.spec.document import Spec
from fivesigma.study.study import Study

TEXT = """
[study]
name = "leaning"
[data]
path = "table.csv"
target = "y"
[split]
folds = 3
[[models]]
kind = "tree"
[[models]]
kind = "natural-gradient"
features = ["b", "a"]
params = { n_estimators = 15 }
[evaluate]
bootstrap = 100
refits = 2
[explain]
permutation = 3
"""


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(150, 3))
    y = 2 * table[:, 1] + table[:, 0] + 0.2 * rng.normal(size=150)
    lines = ["a,b,c,y", *(",".join(map(repr, row)) for row in np.column_stack([table, y]).tolist())]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    (tmp_path / "study.toml").write_text(TEXT)
    return tmp_path


def test_importance_is_in_the_record_and_on_the_page(folder) -> None:
    Study.read(folder / "study.toml").run(out=folder / "run", progress=False)
    record = json.loads((folder / "run" / "results.json").read_text())
    found = record["explain"]["permutation"]
    assert found["tree"]["names"][0] == "b"
    assert found["natural-gradient"]["names"] == ["b", "a"]
    assert len(found["tree"]["draws"]) == 3
    assert found["tree"]["mean"][0] > 2 * found["tree"]["std"][0] > 0
    assert "dummy" not in found
    assert "What the models lean on" in (folder / "run" / "report.html").read_text()


def test_a_class_that_a_fold_has_not_seen_leaves_no_importance_and_no_failure() -> None:
    class Fitted:
        classes_ = np.array([0, 1])

    X, y = np.zeros((4, 2)), np.array([0, 1, 2, 0])
    held = Held(X, y, None, (X, y, None), ("a", "b"), {})
    found = of_fold(Fitted(), held, {"permutation": 2}, metric="accuracy", rng=np.random.default_rng(0))
    assert "had not seen" in found["permutation"]["message"]
    assert joined([{}, {"mean": [1.0], "n_held": 2}], [("a",)], 10) is None


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("drop_best = 0", "explain.drop_best: 0 is not a number of rounds; write true"),
        ("groups = 2.0", "explain.groups: 2.0 is not a rank correlation"),
        ("groups = true", "explain.groups is given but nothing is asked"),
        ("effects = []", "explain.effects: .* names no column"),
        ("permutation = 1", "permutation"),
        ("permutations = 5", "Did you mean 'permutation'"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(section, message) -> None:
    with pytest.raises(StudyError, match=message):
        Spec.from_toml(TEXT.replace("permutation = 3", section))
